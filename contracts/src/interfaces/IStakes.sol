// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {IDisputes} from "./IDisputes.sol";
import {IRegistry} from "./IRegistry.sol";
import {IRounds} from "./IRounds.sol";

/// @title IStakes
/// @notice Holds what members, evaluators and challengers can lose, apart from what members are paid.
/// @dev All amounts are in base units of the job's token. Nothing is sent when something is lost or won: it is
/// credited, so that nobody's account can hold up a slash. What is burned stays here, and nobody can take it.
interface IStakes {
    /* ERRORS */

    /// @notice Thrown when the job asks for no stake.
    error NoStakeAsked(uint256 job);

    /// @notice Thrown when all that the job asks for is at stake already.
    error AlreadyStaked(uint256 job, address account);

    /// @notice Thrown when the account has nothing at stake.
    error NothingStaked(uint256 job, address account);

    /// @notice Thrown when a stake is asked for twice.
    error AlreadyLeaving(uint256 job, address account, uint256 releasedAt);

    /// @notice Thrown when a stake is taken that was not asked for, or too early; then `releasedAt` is not 0.
    error StillBonded(uint256 job, address account, uint256 releasedAt);

    /// @notice Thrown when the account is owed nothing here.
    error NothingOwed(uint256 job, address account);

    /// @notice Thrown when anyone but the contracts that find faults takes a stake.
    error NotJudge(address caller);

    /* EVENTS */

    /// @notice Emitted when a stake is put down.
    event Staked(uint256 indexed job, address indexed account, uint256 amount);

    /// @notice Emitted when a stake is asked for. It can be taken from `releasedAt` on, and slashed until taken.
    event ExitBegun(uint256 indexed job, address indexed account, uint256 releasedAt);

    /// @notice Emitted when a stake is taken out.
    event Unstaked(uint256 indexed job, address indexed account, uint256 amount);

    /// @notice Emitted when a stake is slashed: `reward` of `amount` goes to whoever showed it, the rest burns.
    event Slashed(uint256 indexed job, address indexed account, uint256 amount, address winner, uint256 reward);

    /// @notice Emitted when a challenger puts down its bond.
    event Bonded(uint256 indexed job, address indexed challenger, uint256 amount);

    /// @notice Emitted when a challenger's bond is its own again.
    event BondReleased(uint256 indexed job, address indexed challenger, uint256 amount);

    /// @notice Emitted when a challenger's bond is lost: `reward` of it to each winner, the rest burns.
    event BondForfeited(uint256 indexed job, uint256 amount, address[] winners, uint256 reward);

    /// @notice Emitted when an account takes what it is owed.
    event Collected(uint256 indexed job, address indexed account, uint256 amount);

    /* VIEWS */

    /// @notice Where jobs, tokens and safeguards are looked up.
    function REGISTRY() external view returns (IRegistry);

    /// @notice Slashes those who spoil a draw.
    function ROUNDS() external view returns (IRounds);

    /// @notice Slashes those who signed what was proven false, and holds challengers to their bonds.
    function DISPUTES() external view returns (IDisputes);

    /// @notice What the account has at stake in the job, and from when it can take it; 0 if it has not asked.
    function stakeOf(uint256 job, address account) external view returns (uint128 amount, uint64 releasedAt);

    /// @notice Whether all that the job asks for is at stake, and has not been asked for.
    function active(uint256 job, address account) external view returns (bool);

    /// @notice What the account is owed: rewards, and bonds that are its own again.
    function owed(uint256 job, address account) external view returns (uint256);

    /// @notice What all accounts have at stake in the job.
    function staked(uint256 job) external view returns (uint256);

    /// @notice What challengers of the job have put down, on challenges that are open.
    function bonded(uint256 job) external view returns (uint256);

    /// @notice What all accounts of the job are owed.
    function credited(uint256 job) external view returns (uint256);

    /// @notice What was burned of the job's stakes and bonds.
    function burned(uint256 job) external view returns (uint256);

    /* ACTIONS */

    /// @notice Brings the caller's stake up to what the job asks for, of the job's token, which the caller has
    /// approved: all of it, or what a slash has taken. Whoever had asked for its stake stays.
    function put(uint256 job) external;

    /// @notice Asks for the caller's stake. From now on it counts for nothing, but can still be slashed.
    function exit(uint256 job) external;

    /// @notice Pays the caller's stake out, once it is released.
    /// @return amount What was left of it.
    function withdraw(uint256 job) external returns (uint256 amount);

    /// @notice Pays an account what it is owed. Anyone may send it.
    /// @return amount What was paid.
    function collect(uint256 job, address account) external returns (uint256 amount);

    /* ROUNDS AND DISPUTES ONLY */

    /// @notice Takes the job's slash, or what is left of the stake. Rounds and disputes only.
    /// @param winner Who is credited with half of it; zero is nobody, and all of it burns.
    /// @return amount What was taken.
    function slash(uint256 job, address account, address winner) external returns (uint256 amount);

    /* DISPUTES ONLY */

    /// @notice Takes the job's bond from a challenger, who has approved it. Disputes only.
    function bond(uint256 job, address challenger) external;

    /// @notice Credits a challenger with its bond. Disputes only.
    function release(uint256 job, address challenger) external;

    /// @notice Credits the winners with half of a bond, to equal parts, and burns the rest. Disputes only.
    function forfeit(uint256 job, address[] calldata winners) external;
}
