// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {IDisputes} from "./IDisputes.sol";
import {IJobVault} from "./IJobVault.sol";
import {IRegistry} from "./IRegistry.sol";
import {IRounds} from "./IRounds.sol";
import {IStakes} from "./IStakes.sol";

/// @title IReports
/// @notice Takes the committee's signed reports, lets them be challenged, and makes them final.
/// @dev "Round" here is a settlement period, which covers one or more training rounds.
interface IReports {
    /* TYPES */

    /// @notice What the committee signs (EIP-712, domain "fedmerit", version "1").
    /// @param job The job's number.
    /// @param round The settlement period, from 1.
    /// @param attempt How many reports of the job were cancelled before: a signature is good for one attempt, or
    /// whoever kept it could post again what was proven false.
    /// @param prevRoot Root of the last final report; zero if this is the first.
    /// @param root Root of the positional Merkle-sum tree of the members' amounts.
    /// @param total Sum of the amounts, which are cumulative over the job.
    /// @param updatesRoot What was trained: the history of the round's draw, or `IRounds.history` of a job without.
    /// @param evidence Digest of the manifest from which anyone recomputes the amounts.
    /// @param permutations How many joining orders of the round's seed the members are valued in; 0 if exactly.
    /// @param tableRoot Root of the utilities, and so of what is disputed; zero if the valuation is not committed.
    /// @param stepsRoot Root of what each member adds in each of the orders; zero if they are valued exactly.
    /// @param valuesRoot Root of the members' values.
    struct Report {
        uint256 job;
        uint256 round;
        uint256 attempt;
        bytes32 prevRoot;
        bytes32 root;
        uint256 total;
        bytes32 updatesRoot;
        bytes32 evidence;
        uint256 permutations;
        bytes32 tableRoot;
        bytes32 stepsRoot;
        bytes32 valuesRoot;
    }

    /* ERRORS */

    /// @notice Thrown when a report is posted while members may still join.
    error RegistrationOpen(uint256 job);

    /// @notice Thrown when a report is posted at or after the job's end.
    error JobOver(uint256 job, uint256 endsAt);

    /// @notice Thrown when a report is posted while another waits that cannot be made final yet.
    error AlreadyPending(uint256 job, uint256 round);

    /// @notice Thrown when the report is not of the next round.
    error WrongRound(uint256 given, uint256 expected);

    /// @notice Thrown when the report was signed before another was cancelled.
    error WrongAttempt(uint256 given, uint256 expected);

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

    /// @notice Thrown when a report comes before its round's seed, or draws orders where there are no seeds.
    error NotDrawn(uint256 job, uint256 round);

    /// @notice Thrown when a report does not commit to its valuation in the form that the job's terms fix.
    error OtherForm(IRegistry.Form form, uint256 permutations);

    /// @notice Thrown while the vault takes no reports.
    error ReportsPaused(uint256 until);

    /// @notice Thrown when a signer has not the stake it would be slashed of.
    error SignerNotStaked(uint256 job, address signer);

    /// @notice Thrown when there is no report to finalise.
    error NothingPending(uint256 job);

    /// @notice Thrown when a report is finalised before its deadline.
    error StillChallengeable(uint256 job, uint256 deadline);

    /// @notice Thrown when a report is finalised while challenges of it are open.
    error DisputeOpen(uint256 job, uint256 open);

    /// @notice Thrown when a report is cancelled by anyone but the contract that finds faults.
    error NotDisputes(address caller);

    /// @notice Thrown when it is not this report, by these signers, that waits.
    error NotPending(uint256 job, bytes32 digest);

    /* EVENTS */

    /// @notice Emitted when a report is posted. It may be challenged before `deadline` and finalised from then on.
    /// @param seats Who signed it, as a bitmask: bit i is member i of the committee.
    event ReportPosted(
        uint256 indexed job,
        uint256 indexed round,
        bytes32 root,
        uint256 total,
        bytes32 evidence,
        uint256 deadline,
        uint256 seats
    );

    /// @notice Emitted beside it when the report commits to its valuation.
    event ValuationCommitted(
        uint256 indexed job,
        uint256 indexed round,
        uint256 permutations,
        bytes32 tableRoot,
        bytes32 stepsRoot,
        bytes32 valuesRoot
    );

    /// @notice Emitted when a report is cancelled, for it was proven false. Another may be posted in its place.
    event ReportCancelled(uint256 indexed job, uint256 indexed round, bytes32 root);

    /// @notice Emitted when a report is final and its amounts can be claimed.
    event ReportFinalised(uint256 indexed job, uint256 indexed round, bytes32 root, uint256 total);

    /* VIEWS */

    /// @notice Where jobs, members and committees are looked up.
    function REGISTRY() external view returns (IRegistry);

    /// @notice Where committed updates are looked up.
    function ROUNDS() external view returns (IRounds);

    /// @notice The vault that final reports allot from.
    function VAULT() external view returns (IJobVault);

    /// @notice What the signers are slashed of.
    function STAKES() external view returns (IStakes);

    /// @notice Where open challenges are looked up, and the one contract that may cancel a report.
    function DISPUTES() external view returns (IDisputes);

    /// @notice The last final round; 0 if none is.
    function finalRound(uint256 job) external view returns (uint256);

    /// @notice How many reports of the job were cancelled: what the next one has to be signed for.
    function attempt(uint256 job) external view returns (uint256);

    /// @notice The report that waits for its deadline; all zero if none does.
    function pending(uint256 job) external view returns (uint256 round, bytes32 root, uint256 total, uint256 deadline);

    /// @notice The EIP-712 digest that committee members sign.
    function hashReport(Report calldata report) external view returns (bytes32);

    /// @notice What a challenge is of: the report and who signed it.
    /// @dev keccak256(abi.encode(hashReport(report), seats)).
    function hashSigned(Report calldata report, uint256 seats) external view returns (bytes32);

    /// @notice The digest, as `hashSigned` gives it, and the deadline of the report that waits; 0 if none does.
    function waiting(uint256 job) external view returns (bytes32 digest, uint256 deadline);

    /* ACTIONS */

    /// @notice Posts a report with its whole list. Anyone may send it; the signatures decide. Makes the one before
    /// final, if it waits for nothing but that.
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

    /* DISPUTES ONLY */

    /// @notice Cancels the pending report. Disputes only.
    function cancel(uint256 job) external;
}
