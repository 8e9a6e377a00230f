// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobVault} from "../../src/JobVault.sol";
import {Stakes} from "../../src/Stakes.sol";
import {SumTree} from "../../src/SumTree.sol";
import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {IRounds} from "../../src/interfaces/IRounds.sol";
import {vm} from "../helpers/Vm.sol";
import {svm} from "./Svm.sol";
import {World} from "./Worlds.sol";

/// @dev Proven with halmos: from any state in which the books are right, any call of any amount leaves them right. They
/// are right at first, when all is zero, and so after any number of calls.
contract ConservationProof is World {
    JobVault private _vault;
    Stakes private _stakes;

    constructor() {
        _vault = new JobVault(IRegistry(address(this)), IReports(address(this)), address(0));
        _stakes = new Stakes(IRegistry(address(this)), IRounds(address(this)), IDisputes(address(this)));
        COINS.mint(address(this), type(uint128).max);
        vm.warp(1_000_000);
    }

    /// @dev The rest of what a vault looks up: the job is over, and no report waits.
    function sponsor(uint256) external view returns (address) {
        return address(this);
    }

    function endsAt(uint256) external pure returns (uint256) {
        return 1;
    }

    function pending(uint256) external pure returns (uint256, bytes32, uint256, uint256) {}

    function check_FundingKeepsTheVaultsBooks(uint256 amount) external {
        _balanced();
        _vault.fund(1, amount);
        _assertBalanced();
    }

    function check_AllottingKeepsTheVaultsBooks(bytes32 root, uint256 total) external {
        _balanced();
        _vault.allocate(1, root, total);
        _assertBalanced();
    }

    function check_ClaimingKeepsTheVaultsBooks(uint256 amount) external {
        _balanced();
        _vault.claim(1, 0, address(0xA1), amount, new SumTree.Node[](0));
        _assertBalanced();
    }

    function check_RefundingKeepsTheVaultsBooks() external {
        _balanced();
        _vault.refund(1);
        _assertBalanced();
    }

    /// @dev Any state of the vault in which its books are right.
    function _balanced() private {
        svm.enableSymbolicStorage(address(_vault));
        vm.assume(_vault.refunded(1) <= _vault.funded(1));
        vm.assume(_vault.allocated(1) <= _vault.funded(1) - _vault.refunded(1));
        vm.assume(_vault.paid(1) <= _vault.allocated(1));
        COINS.mint(address(_vault), _vault.funded(1) - _vault.paid(1) - _vault.refunded(1));
    }

    function _assertBalanced() private view {
        assert(COINS.balanceOf(address(_vault)) == _vault.funded(1) - _vault.paid(1) - _vault.refunded(1));
        assert(_vault.paid(1) <= _vault.allocated(1));
        assert(_vault.allocated(1) <= _vault.funded(1) - _vault.refunded(1));
    }

    function check_AnyCallKeepsWhatStakesHoldEqualToTheirBooks() external {
        svm.enableSymbolicStorage(address(_stakes));
        vm.assume(_stakes.staked(1) < 1 << 128 && _stakes.bonded(1) < 1 << 128);
        vm.assume(_stakes.credited(1) < 1 << 128 && _stakes.burned(1) < 1 << 128);
        COINS.mint(address(_stakes), _held());

        _moveStakes(svm.createUint256("action"));

        assert(COINS.balanceOf(address(_stakes)) == _held());
    }

    function _held() private view returns (uint256) {
        return _stakes.staked(1) + _stakes.bonded(1) + _stakes.credited(1) + _stakes.burned(1);
    }

    function _moveStakes(uint256 action) private {
        address[] memory winners = new address[](1);
        winners[0] = address(0xB1);
        if (action == 0) {
            try _stakes.put(1) {} catch {}
        } else if (action == 1) {
            try _stakes.exit(1) {} catch {}
        } else if (action == 2) {
            try _stakes.withdraw(1) {} catch {}
        } else if (action == 3) {
            try _stakes.slash(1, address(this), address(0xB1)) {} catch {}
        } else if (action == 4) {
            try _stakes.bond(1, address(this)) {} catch {}
        } else if (action == 5) {
            try _stakes.release(1, address(this)) {} catch {}
        } else if (action == 6) {
            try _stakes.forfeit(1, winners) {} catch {}
        } else {
            try _stakes.collect(1, address(0xB1)) {} catch {}
        }
    }
}
