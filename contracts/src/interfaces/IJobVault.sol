// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {SumTree} from "../SumTree.sol";
import {IRegistry} from "./IRegistry.sol";
import {IReports} from "./IReports.sol";

/// @title IJobVault
/// @notice Holds every job's money apart, and pays it out against final reports.
/// @dev All amounts are in base units of the job's token, and cumulative over the job.
interface IJobVault {
    /* TYPES */

    /// @notice One member's claim, as `claim` takes it.
    struct Claim {
        uint256 index;
        address account;
        uint256 cumulative;
        SumTree.Node[] proof;
    }

    /// @notice What a report is held to, of a job's money.
    struct Books {
        bytes32 root;
        uint256 allocated;
        uint256 funded;
        uint256 endsAt;
        uint256 pausedUntil;
    }

    /* ERRORS */

    /// @notice Thrown when a job is funded with nothing.
    error NothingToFund(uint256 job);

    /// @notice Thrown when anyone but the reports contract allots money.
    error NotReports(address caller);

    /// @notice Thrown when an allotment would fall.
    error AllocationFell(uint256 total, uint256 allocated);

    /// @notice Thrown when an allotment would pass what the job holds.
    error OverAllocated(uint256 total, uint256 held);

    /// @notice Thrown when a list is not that of the job's last final report.
    error WrongList(uint256 job);

    /// @notice Thrown when a proof does not lead to the job's root and total.
    error InvalidProof(uint256 job, uint256 index);

    /// @notice Thrown when the member has been paid its cumulative amount already.
    error NothingToClaim(uint256 job, uint256 index, uint256 claimed);

    /// @notice Thrown when claims would pass what is allotted. Happens only after a report lowered a member
    /// that had been paid, which an honest committee never signs.
    error Overdrawn(uint256 paid, uint256 allocated);

    /// @notice Thrown when anyone but the job's sponsor asks for the reserve.
    error NotSponsor(uint256 job, address caller);

    /// @notice Thrown when the reserve is asked for before the job's end.
    error JobNotOver(uint256 job, uint256 endsAt);

    /// @notice Thrown when the reserve is asked for while a report may still allot it.
    error ReportPending(uint256 job, uint256 round);

    /// @notice Thrown when the reserve is empty.
    error NothingToRefund(uint256 job);

    /// @notice Thrown when the member is owed nothing that could not be sent.
    error NothingOwed(uint256 job, address account);

    /// @notice Thrown when anyone but the guardian pauses or resumes reports.
    error NotGuardian(address caller);

    /// @notice Thrown when reports are paused again too soon.
    error PausedTooOften(uint256 earliest);

    /// @notice Thrown when reports are resumed that are not paused.
    error NotPaused();

    /* EVENTS */

    /// @notice Emitted whenever a job receives money.
    event Funded(uint256 indexed job, address indexed from, uint256 amount);

    /// @notice Emitted when a final report sets what members may claim.
    event Allocated(uint256 indexed job, bytes32 root, uint256 total);

    /// @notice Emitted whenever a member is paid.
    event Claimed(uint256 indexed job, uint256 indexed index, address indexed account, uint256 amount);

    /// @notice Emitted beside `Claimed` when the money could not be sent, and waits here for the member.
    event Credited(uint256 indexed job, address indexed account, uint256 amount);

    /// @notice Emitted when a member is paid what waited for it.
    event Withdrawn(uint256 indexed job, address indexed account, uint256 amount);

    /// @notice Emitted when reports are paused.
    event Paused(uint256 until);

    /// @notice Emitted when reports are resumed before the pause was over.
    event Resumed();

    /// @notice Emitted whenever the sponsor takes the reserve.
    event Refunded(uint256 indexed job, address indexed sponsor, uint256 amount);

    /* VIEWS */

    /// @notice Where jobs and their sponsors are looked up.
    function REGISTRY() external view returns (IRegistry);

    /// @notice The one contract that may allot money.
    function REPORTS() external view returns (IReports);

    /// @notice The one account that may pause new reports. It never changes, and may be nobody.
    function GUARDIAN() external view returns (address);

    /// @notice Unix time until which no reports are taken; in the past if they are.
    function pausedUntil() external view returns (uint256);

    /// @notice Unix time from which nothing is reported and the reserve is refunded: the end in the job's terms,
    /// or later if reports were paused around it, so that no pause can keep members from being paid.
    function endsAt(uint256 job) external view returns (uint256);

    /// @notice What a report is held to.
    /// @param end The end in the job's terms, for whoever has read it already.
    function books(uint256 job, uint256 end) external view returns (Books memory);

    /// @notice What could not be sent to the account, and waits here for it.
    function owed(uint256 job, address account) external view returns (uint256);

    /// @notice What waits here for all accounts of the job. It counts as paid.
    function credited(uint256 job) external view returns (uint256);

    /// @notice What the job has received.
    function funded(uint256 job) external view returns (uint256);

    /// @notice What final reports have allotted to members: the total of the root.
    function allocated(uint256 job) external view returns (uint256);

    /// @notice What members have been paid.
    function paid(uint256 job) external view returns (uint256);

    /// @notice What the sponsor has taken back.
    function refunded(uint256 job) external view returns (uint256);

    /// @notice What one member has been paid.
    function claimed(uint256 job, uint256 index) external view returns (uint256);

    /// @notice Root of the last final report; zero if none is.
    function root(uint256 job) external view returns (bytes32);

    /// @notice What is allotted to nobody: funded - refunded - allocated.
    function reserve(uint256 job) external view returns (uint256);

    /* ACTIONS */

    /// @notice Moves `amount` of the job's token from the caller, who has approved it, to the job.
    function fund(uint256 job, uint256 amount) external;

    /// @notice Sets what members may claim. Reports only.
    function allocate(uint256 job, bytes32 root_, uint256 total) external;

    /// @notice Pays a member what it has earned and not been paid. Anyone may send it.
    /// @param index The member's index in the job.
    /// @param account The member, who is paid whoever sends this.
    /// @param cumulative What the last final report says it has earned over the job.
    /// @param proof Siblings from its leaf up to the job's root and total.
    /// @return amount What was paid.
    function claim(uint256 job, uint256 index, address account, uint256 cumulative, SumTree.Node[] calldata proof)
        external
        returns (uint256 amount);

    /// @notice Pays many members at once. One that has been paid already is passed over, so that nobody can
    /// spoil the others' payment by claiming first.
    /// @return amount What was paid in all.
    function claimMany(uint256 job, Claim[] calldata claims) external returns (uint256 amount);

    /// @notice Pays all members at once, by the whole list of the last final report instead of proofs. Cheaper than
    /// `claimMany` where they fit one transaction: some 350 members.
    /// @param accounts The job's members, in index order.
    /// @param cumulative What each has earned over the job.
    /// @return amount What was paid in all.
    function claimList(uint256 job, address[] calldata accounts, uint128[] calldata cumulative)
        external
        returns (uint256 amount);

    /// @notice Like `claimMany`, but gives each transfer little gas, and keeps what cannot be sent for the member:
    /// no account that refuses, or burns all the gas it gets, holds up another.
    /// @return amount What was paid, or kept, in all.
    function push(uint256 job, Claim[] calldata claims) external returns (uint256 amount);

    /// @notice Pays a member what could not be sent to it. Anyone may send this.
    /// @return amount What was paid.
    function withdraw(uint256 job, address account) external returns (uint256 amount);

    /// @notice Takes no reports for a week. Nothing else stops: claims, refunds, disputes and finalising go on.
    /// Guardian only.
    function pause() external;

    /// @notice Takes reports again. Guardian only.
    function resume() external;

    /// @notice Pays the reserve to the sponsor, from the job's end on. Sponsor only.
    /// @return amount What was paid.
    function refund(uint256 job) external returns (uint256 amount);
}
