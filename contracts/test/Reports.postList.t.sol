// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {Committee} from "../src/Committee.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {House} from "./helpers/House.sol";
import {bound, vm} from "./helpers/Vm.sol";

contract ReportsPostListTest is House {
    function test_AStrangerPostsWhatTheCommitteeSigned() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600e18, 0, 400e18);
        IReports.Report memory report = _report(job, amounts);
        bytes[] memory signatures = _sign(report);
        uint256 deadline = block.timestamp + WINDOW;

        vm.expectEmit(address(reports));
        emit IReports.ReportPosted(job, 1, report.root, BUDGET, report.evidence, deadline, 3);
        vm.prank(STRANGER);
        reports.postList(report, _members(3), amounts, signatures);

        _assertPending(job, 1, report.root, BUDGET, deadline);
        vm.assertEq(reports.finalRound(job), 0);
        vm.assertEq(vault.allocated(job), 0);
    }

    function test_ADigestIsThatOfEip712() external {
        uint256 job = _ready();
        IReports.Report memory report = _report(job, _amounts(1, 2, 3));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("fedmerit"),
                keccak256("1"),
                block.chainid,
                address(reports)
            )
        );
        bytes32 kind = keccak256(
            "Report(uint256 job,uint256 round,uint256 attempt,bytes32 prevRoot,bytes32 root,uint256 total,bytes32 updatesRoot,bytes32 evidence,uint256 permutations,bytes32 tableRoot,bytes32 stepsRoot,bytes32 valuesRoot)"
        );

        bytes32 expected = keccak256(abi.encodePacked("\x19\x01", domain, keccak256(abi.encode(kind, report))));

        vm.assertEq(reports.hashReport(report), expected);
    }

    /* TURN */

    function test_RevertWhen_ThereIsNoSuchJob() external {
        IReports.Report memory report = _report(7, _amounts(1, 1, 1));

        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownJob.selector, 7));
        reports.postList(report, _members(3), _amounts(1, 1, 1), new bytes[](0));
    }

    function test_RevertWhen_MembersMayStillJoin() external {
        uint256 job = _open(3);
        _fund(job, BUDGET);

        _refused(_report(job, _amounts(1, 1, 1)), abi.encodeWithSelector(IReports.RegistrationOpen.selector, job));
    }

    function test_AReportIsTakenUpToTheLastSecond() external {
        uint256 job = _ready();
        vm.warp(registry.terms(job).endsAt - 1);

        _post(job, _amounts(1, 1, 1));
    }

    function test_RevertWhen_TheJobIsOver() external {
        uint256 job = _ready();
        uint256 endsAt = registry.terms(job).endsAt;
        vm.warp(endsAt);

        _refused(_report(job, _amounts(1, 1, 1)), abi.encodeWithSelector(IReports.JobOver.selector, job, endsAt));
    }

    function test_RevertWhen_AnotherReportWaits() external {
        uint256 job = _ready();
        _post(job, _amounts(1, 1, 1));

        _refused(_report(job, _amounts(1, 1, 1)), abi.encodeWithSelector(IReports.AlreadyPending.selector, job, 1));
    }

    function test_RevertWhen_AnotherReportWaitsForOneSecondMore() external {
        uint256 job = _ready();
        _post(job, _amounts(1, 1, 1));
        vm.warp(block.timestamp + WINDOW - 1);

        _refused(_report(job, _amounts(1, 1, 1)), abi.encodeWithSelector(IReports.AlreadyPending.selector, job, 1));
    }

    function test_OnceItsWindowIsOverTheNextReportMakesItFinal() external {
        uint256 job = _ready();
        _fund(job, BUDGET);
        _post(job, _amounts(1, 2, 3));
        vm.warp(block.timestamp + WINDOW);
        bytes32 last = _report(job, _amounts(1, 2, 3)).root;
        IReports.Report memory report = _report(job, _amounts(2, 3, 4));
        (report.round, report.prevRoot) = (2, last);
        bytes[] memory signatures = _sign(report);

        vm.expectEmit(address(reports));
        emit IReports.ReportFinalised(job, 1, last, 6);
        reports.postList(report, _members(3), _amounts(2, 3, 4), signatures);

        vm.assertEq(reports.finalRound(job), 1);
        vm.assertEq(vault.root(job), last);
        _assertPending(job, 2, report.root, 9, block.timestamp + WINDOW);
    }

    function test_TwoJobsWaitSideBySide() external {
        uint256 first = _ready();
        uint256 second = _ready();

        _post(first, _amounts(1, 1, 1));
        _post(second, _amounts(2, 2, 2));

        _assertPending(second, 1, _report(second, _amounts(2, 2, 2)).root, 6, block.timestamp + WINDOW);
    }

    function test_ReportsFollowOneAnother() external {
        uint256 job = _ready();
        _fund(job, BUDGET);
        _settle(job, _amounts(1, 1, 1));

        _settle(job, _amounts(2, 1, 1));

        vm.assertEq(reports.finalRound(job), 2);
        vm.assertEq(vault.allocated(job), 4);
    }

    function test_RevertWhen_TheSameReportIsSentAgain() external {
        uint256 job = _ready();
        IReports.Report memory report = _report(job, _amounts(1, 1, 1));
        _settle(job, _amounts(1, 1, 1));

        _refused(report, abi.encodeWithSelector(IReports.WrongRound.selector, 1, 2));
    }

    function test_RevertWhen_ItDoesNotContinueTheLastFinalReport() external {
        uint256 job = _ready();
        IReports.Report memory report = _report(job, _amounts(1, 1, 1));
        report.prevRoot = bytes32("another");

        _refused(report, abi.encodeWithSelector(IReports.WrongPreviousRoot.selector, report.prevRoot, bytes32(0)));
    }

    function test_AReportNamesTheUpdatesThatWereCommitted() external {
        uint256 job = _ready();
        vm.prank(COORDINATOR);
        rounds.commit(job, 1, "updates");

        _post(job, _amounts(1, 1, 1));
    }

    function test_RevertWhen_ItIsAboutOtherUpdates() external {
        uint256 job = _ready();
        IReports.Report memory report = _report(job, _amounts(1, 1, 1));
        vm.prank(COORDINATOR);
        rounds.commit(job, 1, "updates");

        bytes32 history = rounds.history(job);
        _refused(report, abi.encodeWithSelector(IReports.WrongUpdates.selector, bytes32(0), history));
    }

    /* LIST */

    function test_RevertWhen_AnAmountIsLeftOut() external {
        uint256 job = _ready();
        IReports.Report memory report = _report(job, _amounts(1, 1, 1));
        bytes[] memory signatures = _sign(report);

        vm.expectRevert(abi.encodeWithSelector(IReports.LengthMismatch.selector, 3, 2));
        reports.postList(report, _members(3), new uint128[](2), signatures);
    }

    function test_RevertWhen_AMemberIsLeftOut() external {
        uint256 job = _ready();
        uint128[] memory amounts = new uint128[](2);
        IReports.Report memory report = _report(job, amounts);
        bytes[] memory signatures = _sign(report);

        vm.expectPartialRevert(IReports.WrongMembers.selector);
        reports.postList(report, _members(2), amounts, signatures);
    }

    function test_RevertWhen_TheListIsEmpty() external {
        uint256 job = _ready();
        IReports.Report memory report = _report(job, _amounts(1, 1, 1));
        bytes[] memory signatures = _sign(report);

        vm.expectPartialRevert(IReports.WrongMembers.selector);
        reports.postList(report, new address[](0), new uint128[](0), signatures);
    }

    function test_RevertWhen_TwoMembersChangePlaces() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(1, 1, 1);
        IReports.Report memory report = _report(job, amounts);
        bytes[] memory signatures = _sign(report);
        address[] memory members = _members(3);
        (members[0], members[1]) = (members[1], members[0]);

        vm.expectPartialRevert(IReports.WrongMembers.selector);
        reports.postList(report, members, amounts, signatures);
    }

    function testFuzz_RevertWhen_TheListIsNotWhatWasSigned(uint256 seed, uint128 other) external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(3, 2, 1);
        IReports.Report memory report = _report(job, amounts);
        bytes[] memory signatures = _sign(report);
        vm.assume(other != amounts[seed % 3]);
        amounts[seed % 3] = other;

        vm.expectPartialRevert(IReports.WrongRoot.selector);
        reports.postList(report, _members(3), amounts, signatures);
    }

    function test_RevertWhen_TheTotalIsNotTheSumOfTheList() external {
        uint256 job = _ready();
        IReports.Report memory report = _report(job, _amounts(1, 1, 1));
        report.total = 4;

        _refused(report, abi.encodeWithSelector(IReports.WrongTotal.selector, 4, 3));
    }

    /* MONEY */

    function test_ARoundMayPayNobody() external {
        uint256 job = _ready();

        _settle(job, _amounts(0, 0, 0));

        vm.assertEq(vault.reserve(job), BUDGET);
    }

    function test_RevertWhen_TheTotalFalls() external {
        uint256 job = _ready();
        _settle(job, _amounts(1, 1, 1));
        uint128[] memory amounts = _amounts(1, 1, 0);
        IReports.Report memory report = _report(job, amounts);
        bytes[] memory signatures = _sign(report);

        vm.expectRevert(abi.encodeWithSelector(IReports.TotalFell.selector, 2, 3));
        reports.postList(report, _members(3), amounts, signatures);
    }

    function test_TheBudgetIsOfEachRoundAnew() external {
        uint256 job = _ready();
        _fund(job, BUDGET);
        _settle(job, _amounts(uint128(BUDGET), 0, 0));

        _settle(job, _amounts(uint128(BUDGET), uint128(BUDGET), 0));

        vm.assertEq(vault.allocated(job), 2 * BUDGET);
    }

    function test_RevertWhen_TheRoundAddsMoreThanItsBudget() external {
        uint256 job = _ready();
        _fund(job, BUDGET);
        uint128[] memory amounts = _amounts(uint128(BUDGET), 1, 0);
        IReports.Report memory report = _report(job, amounts);
        bytes[] memory signatures = _sign(report);

        vm.expectRevert(abi.encodeWithSelector(IReports.OverBudget.selector, BUDGET + 1, BUDGET));
        reports.postList(report, _members(3), amounts, signatures);
    }

    function test_RevertWhen_TheJobDoesNotHoldTheTotal() external {
        uint256 job = _start(3);
        _fund(job, 2);

        bytes memory reason = abi.encodeWithSelector(IReports.Underfunded.selector, 3, 2);
        _refused(_report(job, _amounts(1, 1, 1)), reason);
    }

    /* SIGNATURES */

    function test_TheWholeCommitteeMaySign() external {
        IReports.Report memory report = _report(_ready(), _amounts(1, 1, 1));

        reports.postList(report, _members(3), _amounts(1, 1, 1), _signedBy(report, keys));
    }

    function test_RevertWhen_OneSignatureIsTooFew() external {
        IReports.Report memory report = _report(_ready(), _amounts(1, 1, 1));
        bytes[] memory one = new bytes[](1);
        one[0] = _signature(keys[0], report);

        _refused(report, one, abi.encodeWithSelector(Committee.TooFewSignatures.selector, 1, 2));
    }

    function test_RevertWhen_OneSignsTwice() external {
        IReports.Report memory report = _report(_ready(), _amounts(1, 1, 1));
        address twice = vm.addr(keys[0]);
        keys[1] = keys[0];

        bytes memory reason = abi.encodeWithSelector(Committee.SignersNotAscending.selector, twice, twice);
        _refused(report, _signedBy(report, keys), reason);
    }

    function test_RevertWhen_SignersDescend() external {
        IReports.Report memory report = _report(_ready(), _amounts(1, 1, 1));
        (keys[1], keys[2]) = (keys[2], keys[1]);
        (address higher, address lower) = (vm.addr(keys[1]), vm.addr(keys[2]));

        bytes memory reason = abi.encodeWithSelector(Committee.SignersNotAscending.selector, higher, lower);
        _refused(report, _signedBy(report, keys), reason);
    }

    function testFuzz_RevertWhen_AnyoneElseSigns(uint256 key) external {
        IReports.Report memory report = _report(_ready(), _amounts(1, 1, 1));
        key = bound(key, 1, type(uint128).max);
        address outsider = vm.addr(key);
        delete keys;
        _addKey(uint256(keccak256(abi.encode("committee", 0))));
        _addKey(key);

        bytes memory reason = abi.encodeWithSelector(Committee.NotInCommittee.selector, outsider);
        _refused(report, _signedBy(report, keys), reason);
    }

    function test_RevertWhen_AnotherReportWasSigned() external {
        IReports.Report memory report = _report(_ready(), _amounts(1, 1, 1));
        bytes[] memory signatures = _sign(report);
        report.evidence = keccak256("another manifest");

        // A signature over something else is that of some account nobody knows.
        vm.expectPartialRevert(Committee.NotInCommittee.selector);
        reports.postList(report, _members(3), _amounts(1, 1, 1), signatures);
    }

    function test_RevertWhen_ASignatureIsMalformed() external {
        IReports.Report memory report = _report(_ready(), _amounts(1, 1, 1));
        bytes[] memory signatures = _sign(report);
        signatures[1] = hex"00";

        _refused(report, signatures, abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 1));
    }

    /* HELPERS */

    function _refused(IReports.Report memory report, bytes memory reason) private {
        _refused(report, _sign(report), reason);
    }

    function _refused(IReports.Report memory report, bytes[] memory signatures, bytes memory reason) private {
        vm.expectRevert(reason);
        reports.postList(report, _members(3), _amounts(1, 1, 1), signatures);
    }

    function _signedBy(IReports.Report memory report, uint256[] memory signers)
        private
        view
        returns (bytes[] memory signatures)
    {
        signatures = new bytes[](signers.length);
        for (uint256 i; i < signers.length; ++i) {
            signatures[i] = _signature(signers[i], report);
        }
    }

    function _assertPending(uint256 job, uint256 round, bytes32 root, uint256 total, uint256 deadline) private view {
        (uint256 round_, bytes32 root_, uint256 total_, uint256 deadline_) = reports.pending(job);
        vm.assertEq(round_, round);
        vm.assertEq(root_, root);
        vm.assertEq(total_, total);
        vm.assertEq(deadline_, deadline);
    }
}
