// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IStakes} from "./IStakes.sol";

/// @title IRegistry
/// @notice Opens jobs under fixed terms, and gives every member of a job one index for good.
/// @dev A job is one federation's contract with its sponsor. Jobs are numbered from 1.
interface IRegistry {
    /* TYPES */

    /// @notice What a job adds to signatures: a draw, stakes and an arbiter. All zero is a job with none of them.
    /// @param commitWindow Seconds in which members commit to their updates; 0 is a job without draws.
    /// @param revealWindow Seconds in which they reveal what they committed to.
    /// @param rulingWindow Seconds that the arbiter has to rule on a challenge.
    /// @param unbonding Seconds from asking for a stake to taking it; longer than all other windows together.
    /// @param stake What every member, and every evaluator who signs, puts down, in base units; 0 is nothing.
    /// @param slash What is taken of it for a fault that was proven.
    /// @param bond What a challenger puts down for the arbiter to be asked.
    /// @param arbiter Who rules on what the chain cannot compute; zero is nobody.
    struct Safeguards {
        uint32 commitWindow;
        uint32 revealWindow;
        uint32 rulingWindow;
        uint32 unbonding;
        uint128 stake;
        uint128 slash;
        uint128 bond;
        address arbiter;
    }

    /// @notice In which form a report commits to its valuation; see `IDisputes`.
    /// @dev Open leaves it to whoever signs; Table is of utilities alone, from which the chain follows nothing;
    /// Exact is of all utilities and the values; Orders is of utilities, steps and values in joining orders.
    enum Form {
        Open,
        Table,
        Exact,
        Orders
    }

    /// @notice What a job's sponsor binds itself to. Never changes once the job is open.
    /// @param coordinator Who ends registration and commits the updates of each training round.
    /// @param token The exact-transfer ERC-20 that members are paid in.
    /// @param roundBudget The most that one settlement period may pay, in base units.
    /// @param challengeWindow Seconds between posting a report and finalising it.
    /// @param endsAt Unix time from which nothing is reported any more and the sponsor may take the reserve.
    /// @param threshold Signatures of committee members that a report needs.
    /// @param form In which form every report commits to its valuation. Fixed in jobs that draw, for whoever
    /// chose it after the seed is known would choose among values.
    /// @param permutations In how many joining orders of the seed, for the form Orders; else 0.
    /// @param rules Digest of what the members are valued and paid by, kept off chain; zero names nothing.
    /// @param allowRoot OpenZeppelin Merkle root of the accounts that may join.
    /// @param committee The evaluators who sign reports, strictly ascending; at most 256.
    /// @param safeguards What the job adds to their signatures.
    struct Terms {
        address coordinator;
        address token;
        uint256 roundBudget;
        uint64 challengeWindow;
        uint64 endsAt;
        uint16 threshold;
        Form form;
        uint32 permutations;
        bytes32 rules;
        bytes32 allowRoot;
        address[] committee;
        Safeguards safeguards;
    }

    /// @notice What a report is held to, of a job's terms and members.
    /// @param draws Whether its rounds need a seed.
    /// @param staked Whether its signers need a stake.
    struct Rules {
        uint256 roundBudget;
        uint64 challengeWindow;
        uint64 endsAt;
        uint16 threshold;
        Form form;
        uint32 permutations;
        bool closed;
        bool draws;
        bool staked;
        bytes32 membersDigest;
        address[] committee;
    }

    /* ERRORS */

    /// @notice Thrown when a job is opened without a coordinator.
    error NoCoordinator();

    /// @notice Thrown when there is no contract where the token should be.
    error NoTokenAt(address token);

    /// @notice Thrown when the budget is zero, or more than one member's amount (128 bits) can hold.
    error BudgetOutOfRange(uint256 roundBudget);

    /// @notice Thrown when the job's end does not leave room for one challenge window.
    error EndsTooSoon(uint256 endsAt, uint256 earliest);

    /// @notice Thrown when the threshold is zero, or more than the committee has members.
    error ThresholdOutOfRange(uint256 threshold, uint256 committee);

    /// @notice Thrown when the committee is not strictly ascending from above the zero address.
    error CommitteeNotAscending(address previous, address next);

    /// @notice Thrown when the committee has more members than a bitmask has seats.
    error CommitteeTooLarge(uint256 committee);

    /// @notice Thrown when only one of a draw's two windows is given.
    error HalfADraw(uint256 commitWindow, uint256 revealWindow);

    /// @notice Thrown when a job draws seeds, and whoever spoils a draw would lose nothing by it.
    error DrawWithoutStake();

    /// @notice Thrown when a job draws seeds, and leaves open what they are for.
    error FormLeftOpen();

    /// @notice Thrown when joining orders are asked for without their number or a draw, or a number without orders.
    error HalfAForm(Form form, uint256 permutations);

    /// @notice Thrown when a slash is more than the stake, or one of the two is zero alone.
    error SlashOutOfRange(uint256 slash, uint256 stake);

    /// @notice Thrown when a stake could be taken out before its owner's last fault can be proven.
    error UnbondingTooShort(uint256 unbonding, uint256 longest);

    /// @notice Thrown when of arbiter, bond and ruling window some are given and others are not.
    error HalfAnArbiter(address arbiter, uint256 bond, uint256 rulingWindow);

    /// @notice Thrown when no job has this number.
    error UnknownJob(uint256 job);

    /// @notice Thrown when anyone but the job's coordinator does what only it may.
    error NotCoordinator(uint256 job, address caller);

    /// @notice Thrown when registration has ended already.
    error RegistrationOver(uint256 job);

    /// @notice Thrown when the proof does not put the account on the job's allow-list.
    error NotAllowed(uint256 job, address account);

    /// @notice Thrown when an account joins a job twice.
    error AlreadyJoined(uint256 job, address account);

    /// @notice Thrown when a job has as many members as its form of valuation can be disputed for.
    error TooManyMembers(uint256 job, uint256 most);

    /// @notice Thrown when an account joins a job whose stake it has not put down.
    error NotStaked(uint256 job, address account);

    /// @notice Thrown when registration is ended before anyone has joined.
    error NoMembers(uint256 job);

    /// @notice Thrown when the account is not a member of the job.
    error NotMember(uint256 job, address account);

    /* EVENTS */

    /// @notice Emitted once per job.
    event JobOpened(uint256 indexed job, address indexed sponsor, Terms terms);

    /// @notice Emitted once per member and job; indices count from 0 in this order.
    event Joined(uint256 indexed job, address indexed account, uint256 index);

    /// @notice Emitted once per job, when its members are final.
    event RegistrationClosed(uint256 indexed job, uint256 members, bytes32 membersDigest);

    /* VIEWS */

    /// @notice Where the members' stakes are.
    function STAKES() external view returns (IStakes);

    /// @notice The terms a job was opened under.
    function terms(uint256 job) external view returns (Terms memory);

    /// @notice What a report is held to; less to read than all the terms.
    function rules(uint256 job) external view returns (Rules memory);

    /// @notice What the job adds to signatures.
    function safeguards(uint256 job) external view returns (Safeguards memory);

    /// @notice Who ends registration, commits updates and begins draws.
    function coordinator(uint256 job) external view returns (address);

    /// @notice The end in the job's terms; `IJobVault.endsAt` says whether a pause has moved it.
    function endsAt(uint256 job) external view returns (uint256);

    /// @notice The token that the job's members are paid in, and its stakes and bonds are put down in.
    function token(uint256 job) external view returns (IERC20);

    /// @notice Who opened the job, and may take what it leaves over.
    function sponsor(uint256 job) external view returns (address);

    /// @notice How many have joined.
    function memberCount(uint256 job) external view returns (uint256);

    /// @notice The member's index in the job, for good. Reverts for anyone else.
    function indexOf(uint256 job, address account) external view returns (uint256);

    /// @notice keccak256(abi.encodePacked(digest, account)), chained over the members in index order from zero.
    function membersDigest(uint256 job) external view returns (bytes32);

    /// @notice Whether registration has ended.
    function closed(uint256 job) external view returns (bool);

    /* ACTIONS */

    /// @notice Opens a job; the caller is its sponsor.
    /// @return job The job's number.
    function open(Terms calldata terms_) external returns (uint256 job);

    /// @notice Makes the caller a member of the job. If the job asks for a stake, the caller has put it down.
    /// @param proof Siblings from keccak256(bytes.concat(keccak256(abi.encode(account)))) to the allow-list's root.
    /// @return index The caller's index in the job.
    function join(uint256 job, bytes32[] calldata proof) external returns (uint256 index);

    /// @notice Ends registration. Coordinator only.
    function close(uint256 job) external;
}
