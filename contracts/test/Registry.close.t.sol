// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {House} from "./helpers/House.sol";
import {vm} from "./helpers/Vm.sol";

contract RegistryCloseTest is House {
    function test_ClosingLogsWhoTheMembersAre() external {
        uint256 job = _open(1);
        vm.prank(_member(0));
        registry.join(job, new bytes32[](0));

        vm.expectEmit(address(registry));
        emit IRegistry.RegistrationClosed(job, 1, keccak256(abi.encodePacked(bytes32(0), _member(0))));
        vm.prank(COORDINATOR);
        registry.close(job);

        vm.assertTrue(registry.closed(job));
    }

    function test_RevertWhen_TheCallerIsNotTheCoordinator() external {
        uint256 job = _open(1);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotCoordinator.selector, job, SPONSOR));
        vm.prank(SPONSOR);
        registry.close(job);
    }

    function test_RevertWhen_NobodyHasJoined() external {
        uint256 job = _open(1);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.NoMembers.selector, job));
        vm.prank(COORDINATOR);
        registry.close(job);
    }

    function test_RevertWhen_ClosedTwice() external {
        uint256 job = _start(3);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.RegistrationOver.selector, job));
        vm.prank(COORDINATOR);
        registry.close(job);
    }
}
