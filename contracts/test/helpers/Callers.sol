// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SumTree} from "../../src/SumTree.sol";
import {IJobVault} from "../../src/interfaces/IJobVault.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {AllowList} from "./AllowList.sol";
import {House} from "./House.sol";
import {CallingToken} from "./Tokens.sol";
import {vm} from "./Vm.sol";

/// @title Callers
/// @notice Jobs whose token tells its receivers, and whose members are contracts that do something about it.
abstract contract Callers is House {
    CallingToken internal telling = new CallingToken();

    /// @dev A funded job with these members, and a final report of these amounts.
    function _settledJob(address[] memory members, uint128[] memory amounts) internal returns (uint256 job) {
        job = _jobOf(address(telling), members);
        for (uint256 i; i < members.length; ++i) {
            if (members[i].code.length != 0) telling.listen(members[i]);
        }
        telling.mint(address(this), BUDGET);
        telling.approve(address(vault), BUDGET);
        vault.fund(job, BUDGET);
        IReports.Report memory report = _report(job, members, amounts);
        reports.postList(report, members, amounts, _sign(report));
        vm.warp(block.timestamp + WINDOW);
        reports.finalise(job);
    }

    function _jobOf(address money, address[] memory members) internal returns (uint256 job) {
        IRegistry.Terms memory terms = _terms(1);
        terms.token = money;
        bytes32[][] memory list = AllowList.levels(members);
        terms.allowRoot = AllowList.root(list);
        job = _open(terms);
        for (uint256 i; i < members.length; ++i) {
            vm.prank(members[i]);
            registry.join(job, AllowList.proof(list, i));
        }
        vm.prank(COORDINATOR);
        registry.close(job);
    }

    function _claimsOf(uint256 job, address[] memory members, uint128[] memory amounts)
        internal
        pure
        returns (IJobVault.Claim[] memory claims)
    {
        claims = new IJobVault.Claim[](members.length);
        for (uint256 i; i < members.length; ++i) {
            SumTree.Node[] memory proof = _proof(job, members, amounts, i);
            claims[i] = IJobVault.Claim(i, members[i], amounts[i], proof);
        }
    }

    function _pair(address first, address second) internal pure returns (address[] memory members) {
        members = new address[](2);
        (members[0], members[1]) = (first, second);
    }

    function _pairOf(uint128 first, uint128 second) internal pure returns (uint128[] memory amounts) {
        amounts = new uint128[](2);
        (amounts[0], amounts[1]) = (first, second);
    }
}
