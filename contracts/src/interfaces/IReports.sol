// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {IJobVault} from "./IJobVault.sol";
import {IRegistry} from "./IRegistry.sol";
import {IRounds} from "./IRounds.sol";

/// @title IReports
/// @notice Takes the committee's signed reports, lets them be challenged, and makes them final.
/// @dev "Round" here is a settlement period, which covers one or more training rounds.
interface IReports {
    /* TYPES */

    /// @notice What the committee signs (EIP-712, domain "fedmerit", version "1").
    /// @param job The job's number.
    /// @param round The settlement period, from 1.
    /// @param prevRoot Root of the last final report; zero if this is the first.
    /// @param root Root of the positional Merkle-sum tree of the members' amounts.
    /// @param total Sum of the amounts, which are cumulative over the job.
    /// @param updatesRoot `IRounds.history` of the job: what was trained.
    /// @param evidence Digest of the manifest from which anyone recomputes the amounts.
    struct Report {
        uint256 job;
        uint256 round;
        bytes32 prevRoot;
        bytes32 root;
        uint256 total;
        bytes32 updatesRoot;
        bytes32 evidence;
    }

    /* ERRORS */

    /// @notice Thrown when a report is posted while members may still join.
    error RegistrationOpen(uint256 job);

    /// @notice Thrown when a report is posted at or after the job's end.
    error JobOver(uint256 job, uint256 endsAt);

    /// @notice Thrown when a report is posted while another waits.
    error AlreadyPending(uint256 job, uint256 round);

    /// @notice Thrown when the report is not of the next round.
    error WrongRound(uint256 given, uint256 expected);

    /// @notice Thrown when the report does not continue the last final one.
    error WrongPreviousRoot(bytes32 given, bytes32 expected);

    /// @notice Thrown when the report is about other updates than those committed.
    error WrongUpdates(bytes32 given, bytes32 expected);

    /// @notice Thrown when the two lists are not of one length.
    error LengthMismatch(uint256 accounts, uint256 amounts);

    /// @notice Thrown when the accounts are not the job's members in index order.
    error WrongMembers(bytes32 given, bytes32 expected);

    /// @notice Thrown when the list does not build the root that was signed.
    error WrongRoot(bytes32 given, bytes32 built);

    /// @notice Thrown when the list does not add up to the total that was signed.
    error WrongTotal(uint256 given, uint256 built);

    /// @notice Thrown when the total is less than was final before.
    error TotalFell(uint256 total, uint256 previous);

    /// @notice Thrown when the round adds more than its budget.
    error OverBudget(uint256 increase, uint256 roundBudget);

    /// @notice Thrown when the job does not hold what the report allots.
    error Underfunded(uint256 total, uint256 funded);

    /// @notice Thrown when fewer committee members signed than the terms ask for.
    error TooFewSignatures(uint256 given, uint256 threshold);

    /// @notice Thrown when the recovered signers do not strictly ascend, as when one signs twice.
    error SignersNotAscending(address previous, address next);

    /// @notice Thrown when a signature is of nobody on the committee.
    error NotInCommittee(address signer);

    /// @notice Thrown when there is no report to finalise.
    error NothingPending(uint256 job);

    /// @notice Thrown when a report is finalised before its deadline.
    error StillChallengeable(uint256 job, uint256 deadline);

    /* EVENTS */

    /// @notice Emitted when a report is posted. It may be challenged before `deadline` and finalised from then on.
    event ReportPosted(
        uint256 indexed job, uint256 indexed round, bytes32 root, uint256 total, bytes32 evidence, uint256 deadline
    );

    /// @notice Emitted when a report is final and its amounts can be claimed.
    event ReportFinalised(uint256 indexed job, uint256 indexed round, bytes32 root, uint256 total);

    /* VIEWS */

    /// @notice Where jobs, members and committees are looked up.
    function REGISTRY() external view returns (IRegistry);

    /// @notice Where committed updates are looked up.
    function ROUNDS() external view returns (IRounds);

    /// @notice The vault that final reports allot from.
    function VAULT() external view returns (IJobVault);

    /// @notice The last final round; 0 if none is.
    function finalRound(uint256 job) external view returns (uint256);

    /// @notice The report that waits for its deadline; all zero if none does.
    function pending(uint256 job) external view returns (uint256 round, bytes32 root, uint256 total, uint256 deadline);

    /// @notice The EIP-712 digest that committee members sign.
    function hashReport(Report calldata report) external view returns (bytes32);

    /* ACTIONS */

    /// @notice Posts a report with its whole list. Anyone may send it; the signatures decide.
    /// @param report What was signed.
    /// @param accounts The job's members, in index order.
    /// @param cumulative What each has earned over the job so far, in base units.
    /// @param signatures 65 bytes each, of committee members in ascending order.
    function postList(
        Report calldata report,
        address[] calldata accounts,
        uint128[] calldata cumulative,
        bytes[] calldata signatures
    ) external;

    /// @notice Makes the pending report final, from its deadline on. Anyone may send it.
    function finalise(uint256 job) external;
}
