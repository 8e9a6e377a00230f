// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {JobVault} from "../../src/JobVault.sol";
import {SumTree} from "../../src/SumTree.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {vm} from "../helpers/Vm.sol";
import {svm} from "./Svm.sol";
import {Coins} from "./Worlds.sol";

/// @dev Proven with halmos for all 2**256 contents of a slot that two members' claims share.
contract PackingProof {
    Coins private _coins = new Coins();
    JobVault private _vault;

    constructor() {
        _vault = new JobVault(IRegistry(address(this)), IReports(address(this)), address(0));
        _coins.mint(address(_vault), type(uint256).max);
    }

    /// @dev This proof is the registry too.
    function token(uint256) external view returns (IERC20) {
        return IERC20(address(_coins));
    }

    /// @dev Each member of a tree of four claims whatever it earned, over whatever its slot held before.
    function check_AClaimLandsExactlyAndNeverTouchesItsNeighbour(
        uint256 index,
        uint128 cumulative,
        bytes32 sibling,
        bytes32 uncle
    ) external {
        vm.assume(index < 4);
        svm.enableSymbolicStorage(address(_vault));
        SumTree.Node[] memory proof = new SumTree.Node[](2);
        (proof[0].hash, proof[1].hash) = (sibling, uncle);
        _vault.allocate(1, _rootOf(index, cumulative, proof), cumulative);
        uint256 before = _vault.claimed(1, index);
        uint256 beside = _vault.claimed(1, index ^ 1);

        try _vault.claim(1, index, address(0xA1), cumulative, proof) returns (uint256 amount) {
            assert(_vault.claimed(1, index) == cumulative);
            assert(amount == cumulative - before);
        } catch {
            assert(_vault.claimed(1, index) == before);
        }
        assert(_vault.claimed(1, index ^ 1) == beside);
    }

    function _rootOf(uint256 index, uint256 sum, SumTree.Node[] memory proof) private pure returns (bytes32 hash) {
        hash = keccak256(abi.encode(uint256(0), uint256(1), index, address(0xA1), sum));
        for (uint256 level; level < 2; ++level) {
            bytes32 other = proof[level].hash;
            hash = (index >> level) & 1 == 0
                ? keccak256(abi.encode(uint256(1), hash, sum, other, uint256(0)))
                : keccak256(abi.encode(uint256(1), other, uint256(0), hash, sum));
        }
    }
}
