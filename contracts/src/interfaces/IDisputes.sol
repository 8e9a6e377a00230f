// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {SumTree} from "../SumTree.sol";
import {IArbiter} from "./IArbiter.sol";
import {IJobVault} from "./IJobVault.sol";
import {IRegistry} from "./IRegistry.sol";
import {IReports} from "./IReports.sol";
import {IRounds} from "./IRounds.sol";
import {IStakes} from "./IStakes.sol";

/// @title IDisputes
/// @notice Cancels a pending report that is shown to be false, and slashes who signed it.
/// @dev Every proof is about the report that waits, and is taken before its deadline. Three kinds:
/// D1 and D2 the chain checks by itself, so they cost nothing but gas and can be sent by anyone; D3 asks an arbiter.
///
/// A report's valuation is committed in three positional trees (`IndexTree`) over 32-byte leaves. All numbers are
/// integers; a coalition is a bitmask in which bit i is the member with index i; n is the number of members.
///
/// `permutations` = 0, valued exactly, n <= 16:
/// table, leaf S of 2**n: keccak256(abi.encode(job, round, S, U(S)));
/// values, leaf i of n: keccak256(abi.encode(job, round, i, v)), v = n! times the member's Shapley value.
///
/// `permutations` = m > 0, valued in m joining orders of the round's seed (`Permutation`), n <= 256:
/// table, leaf p (n + 1) + k: keccak256(abi.encode(job, round, S, U(S))), S = the first k to join in order p;
/// steps, leaf p n + k: keccak256(abi.encode(job, round, p, k, d, t)), d = U(S + i) - U(S) for the member i that
/// joins k-th (from 0) in order p, t = the sum of the member's d over the orders 0 to p;
/// values, leaf i of n: keccak256(abi.encode(job, round, i, v)), v = the member's t in the last order.
///
/// So all there is to a valuation but its utilities is checked by two or three leaves, whatever its size.
interface IDisputes {
    /* TYPES */

    /// @notice What can be proven false, or challenged.
    enum Fault {
        Amount,
        Marginal,
        Total,
        Value,
        Conflict,
        Misplaced,
        Utility,
        Payment,
        Forfeited
    }

    /// @notice A leaf of the table.
    struct Utility {
        uint256 coalition;
        int256 utility;
        bytes32[] proof;
    }

    /// @notice A leaf of the steps.
    struct Step {
        uint256 permutation;
        uint256 position;
        int256 marginal;
        int256 total;
        bytes32[] proof;
    }

    /// @notice A leaf of the values.
    struct Value {
        uint256 index;
        int256 value;
        bytes32[] proof;
    }

    /// @notice A leaf of the amounts.
    struct Amount {
        address account;
        uint256 cumulative;
        SumTree.Node[] proof;
    }

    /// @notice A part of the table of an exact valuation: as many utilities as a power of two.
    /// @param width Bytes of each utility, 1 to 32: big-endian, in two's complement.
    /// @param utilities The utilities, one after the other in the order of the masks.
    /// @param proof The siblings from the part's root up.
    struct Part {
        uint256 width;
        bytes utilities;
        bytes32[] proof;
    }

    /// @notice A challenge that an arbiter rules on.
    /// @param job The job.
    /// @param signed What is challenged; see `IReports.hashSigned`.
    /// @param question What is asked about it: keccak256(abi.encode(fault, subject, claim)).
    /// @param challenger Who put down the bond.
    /// @param deadline Unix time from which the arbiter's word comes too late.
    /// @param fault What is challenged of it.
    /// @param open Whether it is not settled yet.
    struct Challenge {
        uint256 job;
        bytes32 signed;
        bytes32 question;
        address challenger;
        uint64 deadline;
        Fault fault;
        bool open;
    }

    /* ERRORS */

    /// @notice Thrown when a report is disputed at or after its deadline.
    error DisputeOver(uint256 job, uint256 deadline);

    /// @notice Thrown when what is shown is as it should be.
    error NoFault();

    /// @notice Thrown when a leaf is not where it is said to be in what the report commits to.
    error NotInReport(Fault fault, uint256 index);

    /// @notice Thrown when a leaf is not in the last final report.
    error NotFinal(uint256 job, uint256 index);

    /// @notice Thrown when there are more members than the valuation's form allows.
    error TooManyMembers(uint256 members, uint256 most);

    /// @notice Thrown when the members are valued in another way than the proof is for.
    error WrongForm(uint256 permutations);

    /// @notice Thrown when the report has no such permutation, position or member.
    error OutOfRange(uint256 given, uint256 size);

    /// @notice Thrown when the step before is not of the same member, in the order before.
    error WrongStep(uint256 permutation, uint256 position);

    /// @notice Thrown when the utilities are not a part of the table that begins at coalition `first`.
    error WrongPart(uint256 first, uint256 utilities);

    /// @notice Thrown when the chain can check by itself what an arbiter is asked for.
    error NotArbitrable(Fault fault);

    /// @notice Thrown when the job has no arbiter.
    error NoArbiter(uint256 job);

    /// @notice Thrown when there is no such challenge, or it is settled.
    error NotOpen(uint256 challenge);

    /// @notice Thrown when a challenge is settled before its arbiter has ruled or its time is over.
    error NotRuled(uint256 challenge, uint256 deadline);

    /* EVENTS */

    /// @notice Emitted when a report is found false, and cancelled.
    event FaultProven(uint256 indexed job, uint256 indexed round, Fault fault, address prover);

    /// @notice Emitted when a challenge is opened: `claim` is what the challenger says the utility of the
    /// coalition `subject`, or the cumulative amount of member `subject`, is.
    event Challenged(
        uint256 indexed job,
        uint256 indexed challenge,
        address indexed challenger,
        Fault fault,
        uint256 subject,
        int256 claim,
        bytes32 signed,
        uint256 deadline
    );

    /// @notice Emitted when a challenge is settled. None is that the arbiter did not rule in time, or that the
    /// report was gone already.
    event Settled(uint256 indexed job, uint256 indexed challenge, IArbiter.Verdict verdict);

    /* VIEWS */

    /// @notice Where members, committees and safeguards are looked up.
    function REGISTRY() external view returns (IRegistry);

    /// @notice Where seeds are looked up.
    function ROUNDS() external view returns (IRounds);

    /// @notice The reports that are disputed.
    function REPORTS() external view returns (IReports);

    /// @notice Where the last final amounts are looked up.
    function VAULT() external view returns (IJobVault);

    /// @notice Where stakes and bonds are.
    function STAKES() external view returns (IStakes);

    /// @notice How many challenges there have been; they are numbered from 1.
    function challenges() external view returns (uint256);

    /// @notice A challenge; all zero if there is none of this number.
    function challengeOf(uint256 challenge) external view returns (Challenge memory);

    /// @notice How far `prover` has come with the sum of a member's exact value: the next coalition, and the sum of
    /// those before it. See `proveShapley` and `IReports.hashSigned`.
    function summed(bytes32 signed, address prover, uint256 member) external view returns (uint256 next, int256 sum);

    /// @notice How many challenges of a report are open; see `IReports.hashSigned`.
    function openOn(bytes32 signed) external view returns (uint256);

    /// @notice The joining order that a seed and the number of a permutation give `count` members.
    function orderOf(bytes32 seed, uint256 permutation, uint256 count) external pure returns (uint16[] memory);

    /* D1 */

    /// @notice Proves that the report lowers what a member had earned: its leaf in the last final report is of
    /// more. That it is left out, or its account changed, needs no proof: no such report is taken.
    function proveLowered(
        IReports.Report calldata report,
        uint256 seats,
        uint256 index,
        Amount calldata before,
        Amount calldata lowered
    ) external;

    /// @notice Proves that the report pays a member for a period in which it kept its secret from the draw: its leaf
    /// is of more than in the last final report. See `IRounds.withheldIn`.
    /// @param before The member's leaf in the last final report; before the first it is not looked at.
    function proveForfeited(
        IReports.Report calldata report,
        uint256 seats,
        uint256 index,
        Amount calldata before,
        Amount calldata paid
    ) external;

    /* D2 */

    /// @notice Proves that a marginal is not the difference of its two utilities, or that these are of other
    /// coalitions than the order says.
    /// @param without Leaf `position` of the permutation's part of the table.
    /// @param joined The leaf after it.
    function proveMarginal(
        IReports.Report calldata report,
        uint256 seats,
        Step calldata step,
        Utility calldata without,
        Utility calldata joined
    ) external;

    /// @notice Proves that a step's total is not the one before and its marginal.
    /// @param last The same member's step in the order before; for permutation 0 it is not looked at.
    function proveTotal(IReports.Report calldata report, uint256 seats, Step calldata step, Step calldata last) external;

    /// @notice Proves that a member's value is not its total in the last order.
    function proveValue(IReports.Report calldata report, uint256 seats, Value calldata value, Step calldata last)
        external;

    /// @notice Proves that the table gives one coalition two utilities. For drawn valuations.
    /// @param firstIndex Where in the table `first` is.
    /// @param secondIndex Where in the table `second` is.
    function proveConflict(
        IReports.Report calldata report,
        uint256 seats,
        uint256 firstIndex,
        Utility calldata first,
        uint256 secondIndex,
        Utility calldata second
    ) external;

    /// @notice Proves that the table has another coalition where one should be. For exact valuations.
    /// @param index Where in the table `utility` is.
    function proveMisplaced(IReports.Report calldata report, uint256 seats, uint256 index, Utility calldata utility)
        external;

    /// @notice Proves that a member's value is not what the table gives it. For exact valuations.
    /// @dev A table that does not fit into a transaction is sent in parts, one after the other from coalition 0: each
    /// is added to what the caller has sent of it before, and the last convicts.
    /// @param part What comes next of the table.
    function proveShapley(IReports.Report calldata report, uint256 seats, Value calldata value, Part calldata part)
        external;

    /* D3 */

    /// @notice Says that a utility is not what was measured, or a payment not what the rules give, or that the
    /// numbers behind the report's roots are withheld; see `Challenged`. Takes the caller's bond. The report is not
    /// final before this is settled, which takes no longer than the arbiter's window.
    /// @return challenge The challenge's number.
    function challenge(IReports.Report calldata report, uint256 seats, Fault fault, uint256 subject, int256 claim)
        external
        returns (uint256);

    /// @notice Settles a challenge by what its arbiter has found. Anyone may send it.
    /// @dev Upheld: the report is cancelled, its signers slashed, half of that is the challenger's, and so is the
    /// bond. Rejected: half of the bond is the signers'. Not ruled in time: the bond is the challenger's and the
    /// report stands, for a judge that would be silent could as well reject.
    function settle(IReports.Report calldata report, uint256 seats, uint256 challenge) external;
}
