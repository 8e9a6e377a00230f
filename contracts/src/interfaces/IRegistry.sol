// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

/// @title IRegistry
/// @notice Opens jobs under fixed terms, and gives every member of a job one index for good.
/// @dev A job is one federation's contract with its sponsor. Jobs are numbered from 1.
interface IRegistry {
    /* TYPES */

    /// @notice What a job's sponsor binds itself to. Never changes once the job is open.
    /// @param coordinator Who ends registration and commits the updates of each training round.
    /// @param token The exact-transfer ERC-20 that members are paid in.
    /// @param roundBudget The most that one settlement period may pay, in base units.
    /// @param challengeWindow Seconds between posting a report and finalising it.
    /// @param endsAt Unix time from which nothing is reported any more and the sponsor may take the reserve.
    /// @param threshold Signatures of committee members that a report needs.
    /// @param allowRoot OpenZeppelin Merkle root of the accounts that may join.
    /// @param committee The evaluators who sign reports, strictly ascending.
    struct Terms {
        address coordinator;
        address token;
        uint256 roundBudget;
        uint64 challengeWindow;
        uint64 endsAt;
        uint16 threshold;
        bytes32 allowRoot;
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

    /// @notice The terms a job was opened under.
    function terms(uint256 job) external view returns (Terms memory);

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

    /// @notice Makes the caller a member of the job.
    /// @param proof Siblings from keccak256(bytes.concat(keccak256(abi.encode(account)))) to the allow-list's root.
    /// @return index The caller's index in the job.
    function join(uint256 job, bytes32[] calldata proof) external returns (uint256 index);

    /// @notice Ends registration. Coordinator only.
    function close(uint256 job) external;
}
