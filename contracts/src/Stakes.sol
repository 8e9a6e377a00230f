// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Transfers} from "./Transfers.sol";
import {IDisputes} from "./interfaces/IDisputes.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRounds} from "./interfaces/IRounds.sol";
import {IStakes} from "./interfaces/IStakes.sol";

/// @title Stakes
/// @notice Holds what members, evaluators and challengers can lose.
/// @dev Invariant: the balance is the sum over the jobs of staked + bonded + credited + burned. Half of what is
/// lost burns, so that whoever loses to a friend loses half all the same.
contract Stakes is IStakes, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using Transfers for IERC20;

    /* IMMUTABLES */

    /// @inheritdoc IStakes
    IRegistry public immutable REGISTRY;

    /// @inheritdoc IStakes
    IRounds public immutable ROUNDS;

    /// @inheritdoc IStakes
    IDisputes public immutable DISPUTES;

    /* STORAGE */

    struct Stake {
        uint128 amount;
        uint64 releasedAt;
    }

    /// @inheritdoc IStakes
    mapping(uint256 job => mapping(address account => Stake)) public stakeOf;

    /// @inheritdoc IStakes
    mapping(uint256 job => mapping(address account => uint256 amount)) public owed;

    /// @inheritdoc IStakes
    mapping(uint256 job => uint256 amount) public staked;

    /// @inheritdoc IStakes
    mapping(uint256 job => uint256 amount) public bonded;

    /// @inheritdoc IStakes
    mapping(uint256 job => uint256 amount) public credited;

    /// @inheritdoc IStakes
    mapping(uint256 job => uint256 amount) public burned;

    /* CONSTRUCTOR */

    /// @param registry Where jobs, tokens and safeguards are looked up.
    /// @param rounds Slashes those who spoil a draw; it may be deployed after this one, as may
    /// @param disputes Slashes those who signed what was proven false.
    constructor(IRegistry registry, IRounds rounds, IDisputes disputes) {
        REGISTRY = registry;
        ROUNDS = rounds;
        DISPUTES = disputes;
    }

    /* ACCOUNTS */

    /// @inheritdoc IStakes
    function put(uint256 job) external nonReentrant {
        uint128 asked = REGISTRY.safeguards(job).stake;
        if (asked == 0) revert NoStakeAsked(job);
        if (active(job, msg.sender)) revert AlreadyStaked(job, msg.sender);

        uint128 amount = asked - stakeOf[job][msg.sender].amount;
        if (amount != 0) REGISTRY.token(job).pull(msg.sender, amount);
        stakeOf[job][msg.sender] = Stake(asked, 0);
        staked[job] += amount;
        emit Staked(job, msg.sender, amount);
    }

    /// @inheritdoc IStakes
    function exit(uint256 job) external {
        Stake storage stake = stakeOf[job][msg.sender];
        if (stake.amount == 0) revert NothingStaked(job, msg.sender);
        if (stake.releasedAt != 0) revert AlreadyLeaving(job, msg.sender, stake.releasedAt);

        uint64 releasedAt = uint64(block.timestamp) + REGISTRY.safeguards(job).unbonding;
        stake.releasedAt = releasedAt;
        emit ExitBegun(job, msg.sender, releasedAt);
    }

    /// @inheritdoc IStakes
    function withdraw(uint256 job) external nonReentrant returns (uint256 amount) {
        Stake memory stake = stakeOf[job][msg.sender];
        if (stake.amount == 0) revert NothingStaked(job, msg.sender);
        if (stake.releasedAt == 0 || block.timestamp < stake.releasedAt) {
            revert StillBonded(job, msg.sender, stake.releasedAt);
        }

        amount = stake.amount;
        delete stakeOf[job][msg.sender];
        staked[job] -= amount;
        emit Unstaked(job, msg.sender, amount);
        REGISTRY.token(job).safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IStakes
    function collect(uint256 job, address account) external nonReentrant returns (uint256 amount) {
        amount = owed[job][account];
        if (amount == 0) revert NothingOwed(job, account);

        delete owed[job][account];
        credited[job] -= amount;
        emit Collected(job, account, amount);
        REGISTRY.token(job).safeTransfer(account, amount);
    }

    /* ROUNDS AND DISPUTES ONLY */

    /// @inheritdoc IStakes
    function slash(uint256 job, address account, address winner) external returns (uint256 amount) {
        if (msg.sender != address(ROUNDS) && msg.sender != address(DISPUTES)) revert NotJudge(msg.sender);
        Stake storage stake = stakeOf[job][account];
        uint128 asked = REGISTRY.safeguards(job).slash;
        uint128 taken = asked < stake.amount ? asked : stake.amount;
        if (taken == 0) return 0;

        stake.amount -= taken;
        staked[job] -= taken;
        uint256 reward = winner == address(0) ? 0 : taken / 2;
        _credit(job, winner, reward);
        burned[job] += taken - reward;
        emit Slashed(job, account, taken, winner, reward);
        return taken;
    }

    /* DISPUTES ONLY */

    /// @inheritdoc IStakes
    function bond(uint256 job, address challenger) external nonReentrant {
        uint256 amount = _bondOf(job);
        REGISTRY.token(job).pull(challenger, amount);
        bonded[job] += amount;
        emit Bonded(job, challenger, amount);
    }

    /// @inheritdoc IStakes
    function release(uint256 job, address challenger) external nonReentrant {
        uint256 amount = _bondOf(job);
        bonded[job] -= amount;
        _credit(job, challenger, amount);
        emit BondReleased(job, challenger, amount);
    }

    /// @inheritdoc IStakes
    function forfeit(uint256 job, address[] calldata winners) external nonReentrant {
        uint256 amount = _bondOf(job);
        bonded[job] -= amount;
        uint256 reward = amount / 2 / winners.length;
        for (uint256 i; i < winners.length; ++i) {
            _credit(job, winners[i], reward);
        }
        burned[job] += amount - reward * winners.length;
        emit BondForfeited(job, amount, winners, reward);
    }

    /* VIEWS */

    /// @inheritdoc IStakes
    function active(uint256 job, address account) public view returns (bool) {
        Stake memory stake = stakeOf[job][account];
        return stake.amount >= REGISTRY.safeguards(job).stake && stake.releasedAt == 0;
    }

    /* INTERNAL */

    function _credit(uint256 job, address account, uint256 amount) private {
        owed[job][account] += amount;
        credited[job] += amount;
    }

    /// @dev All bonds of a job are alike, and terms never change.
    function _bondOf(uint256 job) private view returns (uint256) {
        if (msg.sender != address(DISPUTES)) revert NotJudge(msg.sender);
        return REGISTRY.safeguards(job).bond;
    }
}
