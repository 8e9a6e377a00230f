// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Disputes} from "../../src/Disputes.sol";
import {Reports} from "../../src/Reports.sol";
import {Stakes} from "../../src/Stakes.sol";
import {SumTree} from "../../src/SumTree.sol";
import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IJobVault} from "../../src/interfaces/IJobVault.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {IRounds} from "../../src/interfaces/IRounds.sol";
import {IStakes} from "../../src/interfaces/IStakes.sol";
import {vm} from "../helpers/Vm.sol";
import {svm} from "./Svm.sol";
import {World} from "./Worlds.sol";

/// @dev Proven with halmos: reports, disputes and stakes as a machine, moved by any of its calls in any order.
/// A signature may be anything, and ecrecover may find the signer in any of them: the committee signs whatever helps
/// it, and everybody keeps it.
contract AttemptsProof is World {
    Reports private constant REPORTS = Reports(address(0xE1));
    Disputes private constant DISPUTES = Disputes(address(0xD1));
    Stakes private constant STAKES = Stakes(address(0x57));

    function setUp() external {
        (IRegistry here, IRounds rounds, IJobVault vault) =
            (IRegistry(address(this)), IRounds(address(this)), IJobVault(address(this)));
        vm.etch(address(REPORTS), address(new Reports(here, rounds, vault, STAKES, DISPUTES)).code);
        vm.etch(address(DISPUTES), address(new Disputes(here, rounds, REPORTS, vault, STAKES)).code);
        vm.etch(address(STAKES), address(new Stakes(here, rounds, DISPUTES)).code);
        COINS.mint(SIGNER, 1_000_000);
        COINS.mint(address(this), 1_000_000);
        vm.warp(1_000_000);
        _stake();
    }

    /// @dev One report of any evidence, and one signature of it, by which its signer was slashed: whatever three calls
    /// follow, it is slashed no more.
    function check_OneSignatureIsSlashedAtMostOnce(bytes32 evidence, uint128 amount) external {
        vm.assume(amount != 0);
        IReports.Report memory report = _report(evidence, amount);
        bytes memory signature = svm.createBytes(65, "signature");
        vm.assume(_post(report, amount, signature));
        _prove(report, amount);
        assert(_lost() == SLASH);
        for (uint256 step; step < 3; ++step) {
            uint256 action = svm.createUint256("action");
            if (action == 0) _post(report, amount, signature);
            else if (action == 1) _prove(report, amount);
            else _stake();
        }

        assert(_lost() == SLASH);
    }

    /// @dev The same where two challenges of the report are upheld, and the first is settled.
    function check_TwoVerdictsSlashOneSignatureOnce(bytes32 evidence, uint128 amount) external {
        IReports.Report memory report = _report(evidence, amount);
        bytes memory signature = svm.createBytes(65, "signature");
        vm.assume(_post(report, amount, signature));
        DISPUTES.challenge(report, 1, IDisputes.Fault.Utility, 0, 0);
        DISPUTES.challenge(report, 1, IDisputes.Fault.Utility, 0, 1);
        DISPUTES.settle(report, 1, 1);
        assert(_lost() == SLASH + BOND);
        for (uint256 step; step < 3; ++step) {
            uint256 action = svm.createUint256("action");
            if (action == 0) _post(report, amount, signature);
            else if (action == 1) _settle(report, 2);
            else _stake();
        }

        assert(_lost() == SLASH + 2 * BOND - STAKES.bonded(1));
    }

    /// @dev A report was cancelled, and another is signed, perhaps the same again: whatever two of them are posted, in
    /// whatever order, the one that was cancelled is not what becomes final.
    function check_ACancelledReportNeverBecomesFinal(bytes32 evidence, bytes32 other, uint256 attempt, uint128 amount)
        external
    {
        IReports.Report memory lie = _report(evidence, amount);
        IReports.Report memory next = _report(other, amount);
        next.attempt = attempt;
        vm.assume(_post(lie, amount, svm.createBytes(65, "signature")));
        vm.prank(address(DISPUTES));
        REPORTS.cancel(1);
        for (uint256 step; step < 2; ++step) {
            bool again = svm.createUint256("action") == 0;
            _post(again ? lie : next, amount, svm.createBytes(65, "signature"));
        }
        vm.warp(block.timestamp + WINDOW);
        _finalise();

        if (REPORTS.finalRound(1) == 0) return;
        assert(_finalDigest != keccak256(abi.encode(REPORTS.hashReport(lie), uint256(1))));
    }

    /// @dev What the signer has lost and the challenger got back.
    function _lost() private view returns (uint256) {
        return STAKES.burned(1) + STAKES.owed(1, address(this));
    }

    bytes32 private _finalDigest;

    /* CALLS */

    function _finalise() private {
        (bytes32 digest,) = REPORTS.waiting(1);
        try REPORTS.finalise(1) {
            _finalDigest = digest;
        } catch {}
    }

    function _post(IReports.Report memory report, uint128 amount, bytes memory signature) private returns (bool) {
        (address[] memory accounts, uint128[] memory amounts) = (new address[](1), new uint128[](1));
        (accounts[0], amounts[0]) = (address(0xA1), amount);
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = signature;
        try REPORTS.postList(report, accounts, amounts, signatures) {
            return true;
        } catch {
            return false;
        }
    }

    function _prove(IReports.Report memory report, uint128 amount) private {
        IDisputes.Amount memory nothing;
        IDisputes.Amount memory paid = IDisputes.Amount(address(0xA1), amount, new SumTree.Node[](0));
        try DISPUTES.proveForfeited(report, 1, 0, nothing, paid) {} catch {}
    }

    function _settle(IReports.Report memory report, uint256 challenge) private {
        try DISPUTES.settle(report, 1, challenge) {} catch {}
    }

    function _stake() private {
        vm.prank(SIGNER);
        try STAKES.put(1) {} catch {}
    }

    function _report(bytes32 evidence, uint128 amount) private pure returns (IReports.Report memory report) {
        report.job = 1;
        report.round = 1;
        report.root = keccak256(abi.encode(uint256(0), uint256(1), uint256(0), address(0xA1), uint256(amount)));
        report.total = amount;
        report.evidence = evidence;
    }
}
