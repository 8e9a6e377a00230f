// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {House} from "./helpers/House.sol";
import {vm} from "./helpers/Vm.sol";

contract CreditTokenMintTest is House {
    function test_TheOwnerMints() external {
        token.mint(SPONSOR, 5);

        vm.assertEq(token.balanceOf(SPONSOR), 5);
        vm.assertEq(token.totalSupply(), 5);
        vm.assertEq(token.name(), "fedmerit credit");
        vm.assertEq(token.symbol(), "FMC");
        vm.assertEq(token.decimals(), 18);
    }

    function test_RevertWhen_AnyoneElseMints() external {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, STRANGER));
        vm.prank(STRANGER);
        token.mint(STRANGER, 5);
    }

    function test_ASignedPermitIsAsGoodAsAnApproval() external {
        (address owner, uint256 deadline) = (vm.addr(keys[0]), block.timestamp);
        bytes32 permit = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 content = keccak256(abi.encode(permit, owner, address(vault), 5, 0, deadline));
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), content));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[0], digest);

        token.permit(owner, address(vault), 5, deadline, v, r, s);

        vm.assertEq(token.allowance(owner, address(vault)), 5);
    }
}
