// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {AllowList} from "./helpers/AllowList.sol";
import {House} from "./helpers/House.sol";
import {bound, vm} from "./helpers/Vm.sol";

contract RegistryJoinTest is House {
    function test_MembersAreIndexedInTheOrderTheyJoin() external {
        uint256 job = _open(5);

        vm.assertEq(_join(job, 5, 3), 0);
        vm.assertEq(_join(job, 5, 1), 1);

        vm.assertEq(registry.memberCount(job), 2);
        vm.assertEq(registry.indexOf(job, _member(3)), 0);
        vm.assertEq(registry.indexOf(job, _member(1)), 1);
    }

    function test_RevertWhen_AskedForTheIndexOfAStranger() external {
        uint256 job = _open(5);
        _join(job, 5, 3);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotMember.selector, job, _member(1)));
        registry.indexOf(job, _member(1));
    }

    function test_JoiningIsLoggedAndChainedIntoTheDigest() external {
        uint256 job = _open(5);
        _join(job, 5, 3);
        bytes32 first = registry.membersDigest(job);

        bytes32[] memory proof = _listed(5, 1);
        vm.expectEmit(address(registry));
        emit IRegistry.Joined(job, _member(1), 1);
        vm.prank(_member(1));
        registry.join(job, proof);

        vm.assertEq(first, keccak256(abi.encodePacked(bytes32(0), _member(3))));
        vm.assertEq(registry.membersDigest(job), keccak256(abi.encodePacked(first, _member(1))));
    }

    function testFuzz_EveryoneOnTheListJoins(uint256 allowed) external {
        allowed = bound(allowed, 1, 20);
        uint256 job = _open(allowed);

        for (uint256 i; i < allowed; ++i) {
            vm.assertEq(_join(job, allowed, i), i);
        }
    }

    function test_RevertWhen_TheProofIsAnothers() external {
        uint256 job = _open(5);
        bytes32[] memory proof = _listed(5, 0);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotAllowed.selector, job, _member(1)));
        vm.prank(_member(1));
        registry.join(job, proof);
    }

    function test_RevertWhen_TheAccountIsOnNoList() external {
        uint256 job = _open(5);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotAllowed.selector, job, STRANGER));
        vm.prank(STRANGER);
        registry.join(job, new bytes32[](0));
    }

    function test_OneAccountJoinsTwoJobs() external {
        uint256 first = _open(5);
        uint256 second = _open(5);
        _join(first, 5, 0);
        _join(first, 5, 1);

        vm.assertEq(_join(second, 5, 1), 0);
        vm.assertEq(registry.indexOf(first, _member(1)), 1);
    }

    function test_RevertWhen_TheSameJobIsJoinedTwice() external {
        uint256 job = _open(5);
        _join(job, 5, 1);
        bytes32[] memory proof = _listed(5, 1);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.AlreadyJoined.selector, job, _member(1)));
        vm.prank(_member(1));
        registry.join(job, proof);
    }

    function test_RevertWhen_RegistrationHasEnded() external {
        uint256 job = _open(5);
        _join(job, 5, 1);
        bytes32[] memory proof = _listed(5, 4);
        vm.prank(COORDINATOR);
        registry.close(job);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.RegistrationOver.selector, job));
        vm.prank(_member(4));
        registry.join(job, proof);
    }

    function _join(uint256 job, uint256 allowed, uint256 member) private returns (uint256) {
        bytes32[] memory proof = _listed(allowed, member);
        vm.prank(_member(member));
        return registry.join(job, proof);
    }

    function _listed(uint256 allowed, uint256 member) private pure returns (bytes32[] memory) {
        return AllowList.proof(AllowList.levels(_members(allowed)), member);
    }
}
