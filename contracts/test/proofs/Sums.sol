// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Valuation} from "../../src/Valuation.sol";
import {ReferenceTree} from "../helpers/ReferenceTree.sol";
import {SumTree} from "../../src/SumTree.sol";
import {PureHarness} from "../helpers/PureHarness.sol";
import {TreeHarness} from "../helpers/TreeHarness.sol";
import {vm} from "../helpers/Vm.sol";

/// @dev Proven with halmos, the libraries' assembly included.
contract SumsProof {
    TreeHarness private _tree = new TreeHarness();
    PureHarness private _pure = new PureHarness();

    /// @dev For all accounts and amounts of three members: the root is the definition's, and the sum is theirs.
    function check_TheTreeOfThreeIsExact(uint256 job, address[3] calldata who, uint128[3] calldata earned)
        external
        view
    {
        (address[] memory accounts, uint128[] memory amounts) = (new address[](3), new uint128[](3));
        for (uint256 i; i < 3; ++i) {
            (accounts[i], amounts[i]) = (who[i], earned[i]);
        }

        (SumTree.Node memory root, bytes32 members) = _tree.build(job, accounts, amounts);

        (SumTree.Node memory expected,) = ReferenceTree.path(ReferenceTree.leaves(job, accounts, amounts), 0);
        assert(root.hash == expected.hash);
        assert(root.sum == uint256(earned[0]) + earned[1] + earned[2]);
        bytes32 digest;
        for (uint256 i; i < 3; ++i) {
            digest = keccak256(abi.encodePacked(digest, who[i]));
        }
        assert(members == digest);
    }

    /// @dev For all utilities of the eight coalitions of three members: the values add up to what all are worth
    /// less what nobody is, times 3!, and no utility is too large for it.
    function check_TheValuesOfThreeAddUp(int256[8] calldata utilities) external view {
        bytes memory table = abi.encode(utilities);
        int256 sum;
        for (uint256 member; member < 3; ++member) {
            (, int256 value) = _pure.sum(Valuation.Span(1, 1, 0, 32, 3, member), table);
            unchecked {
                sum += value;
            }
        }
        int256 worth;
        unchecked {
            worth = 6 * (utilities[7] - utilities[0]);
        }
        assert(sum == worth);
    }

    /// @dev A member that adds nothing to any coalition is worth nothing.
    function check_AMemberOfThreeThatAddsNothingIsWorthNothing(int256[8] calldata utilities) external view {
        for (uint256 member; member < 3; ++member) {
            bool idle = true;
            for (uint256 s; s < 8; ++s) {
                idle = idle && utilities[s] == utilities[s | (1 << member)];
            }
            if (!idle) continue;
            (, int256 value) = _pure.sum(Valuation.Span(1, 1, 0, 32, 3, member), abi.encode(utilities));
            assert(value == 0);
        }
    }
}
