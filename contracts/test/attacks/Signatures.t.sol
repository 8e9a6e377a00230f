// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {Committee} from "../../src/Committee.sol";
import {Reports} from "../../src/Reports.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {House} from "../helpers/House.sol";
import {vm} from "../helpers/Vm.sol";

/// @dev Signatures that were good for something else, or are not as they should be.
contract SignaturesTest is House {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function test_RevertWhen_ASignatureIsMalleable() external {
        IReports.Report memory report = _report(_ready(), _amounts(1, 1, 1));
        bytes[] memory signatures = _sign(report);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[1], reports.hashReport(report));
        bytes32 mirrored = bytes32(ORDER - uint256(s));
        signatures[1] = abi.encodePacked(r, mirrored, v == 27 ? uint8(28) : uint8(27));

        _refused(report, signatures, abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, mirrored));
    }

    function test_RevertWhen_ItWasSignedOnAnotherChain() external {
        IReports.Report memory report = _report(_ready(), _amounts(1, 1, 1));
        bytes[] memory signatures = _sign(report);
        vm.chainId(1);

        vm.expectPartialRevert(Committee.NotInCommittee.selector);
        reports.postList(report, _members(3), _amounts(1, 1, 1), signatures);
    }

    function test_RevertWhen_ItWasSignedForAnotherContract() external {
        IReports.Report memory report = _report(_ready(), _amounts(1, 1, 1));
        Reports another = new Reports(registry, rounds, vault, stakes, disputes);
        bytes32 digest = another.hashReport(report);
        vm.assertTrue(digest != reports.hashReport(report));
        bytes[] memory signatures = new bytes[](2);
        for (uint256 i; i < 2; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], digest);
            signatures[i] = abi.encodePacked(r, s, v);
        }

        vm.expectPartialRevert(Committee.NotInCommittee.selector);
        reports.postList(report, _members(3), _amounts(1, 1, 1), signatures);
    }

    function test_RevertWhen_ItWasSignedForAnotherJob() external {
        uint256 job = _ready();
        IReports.Report memory report = _report(_ready(), _amounts(1, 1, 1));
        bytes[] memory signatures = _sign(report);
        report = _report(job, _amounts(1, 1, 1));

        vm.expectPartialRevert(Committee.NotInCommittee.selector);
        reports.postList(report, _members(3), _amounts(1, 1, 1), signatures);
    }

    /// @dev A seat on one job's committee is none on another's, as when a new job leaves somebody out.
    function test_RevertWhen_ASignerWasRemovedFromTheCommittee() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.committee = new address[](2);
        (terms.committee[0], terms.committee[1]) = (vm.addr(keys[1]), vm.addr(keys[2]));
        uint256 job = _start(terms, 3);
        _fund(job, BUDGET);
        IReports.Report memory report = _report(job, _amounts(1, 1, 1));

        _refused(report, _sign(report), abi.encodeWithSelector(Committee.NotInCommittee.selector, vm.addr(keys[0])));
    }

    /// @dev Above the last seat as well as between seats.
    function test_RevertWhen_ASignerComesAfterTheLastSeat() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.committee = new address[](2);
        (terms.committee[0], terms.committee[1]) = (vm.addr(keys[0]), vm.addr(keys[1]));
        uint256 job = _start(terms, 3);
        _fund(job, BUDGET);
        IReports.Report memory report = _report(job, _amounts(1, 1, 1));
        bytes[] memory signatures = new bytes[](2);
        (signatures[0], signatures[1]) = (_signature(keys[1], report), _signature(keys[2], report));

        _refused(report, signatures, abi.encodeWithSelector(Committee.NotInCommittee.selector, vm.addr(keys[2])));
    }

    function _refused(IReports.Report memory report, bytes[] memory signatures, bytes memory reason) private {
        vm.expectRevert(reason);
        reports.postList(report, _members(3), _amounts(1, 1, 1), signatures);
    }
}
