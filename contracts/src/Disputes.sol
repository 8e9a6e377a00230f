// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IndexTree} from "./IndexTree.sol";
import {Permutation} from "./Permutation.sol";
import {SumTree} from "./SumTree.sol";
import {Valuation} from "./Valuation.sol";
import {IArbiter} from "./interfaces/IArbiter.sol";
import {IDisputes} from "./interfaces/IDisputes.sol";
import {IJobVault} from "./interfaces/IJobVault.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IReports} from "./interfaces/IReports.sol";
import {IRounds} from "./interfaces/IRounds.sol";
import {IStakes} from "./interfaces/IStakes.sol";

/// @title Disputes
/// @notice Cancels a pending report that is shown to be false, and slashes who signed it.
/// @dev What is signed is compared modulo 2**256, so that no number makes a lie about it unprovable by overflow.
contract Disputes is IDisputes {
    /* IMMUTABLES */

    /// @inheritdoc IDisputes
    IRegistry public immutable REGISTRY;

    /// @inheritdoc IDisputes
    IRounds public immutable ROUNDS;

    /// @inheritdoc IDisputes
    IReports public immutable REPORTS;

    /// @inheritdoc IDisputes
    IJobVault public immutable VAULT;

    /// @inheritdoc IDisputes
    IStakes public immutable STAKES;

    /* STORAGE */

    /// @inheritdoc IDisputes
    uint256 public challenges;

    mapping(uint256 challenge => Challenge) private _challenge;

    struct Sum {
        uint256 next;
        int256 sum;
    }

    /// @inheritdoc IDisputes
    mapping(bytes32 signed => mapping(address prover => mapping(uint256 member => Sum))) public summed;

    /// @inheritdoc IDisputes
    mapping(bytes32 signed => uint256 count) public openOn;

    /* CONSTRUCTOR */

    /// @param registry Where members, committees and safeguards are looked up.
    /// @param rounds Where seeds are looked up.
    /// @param reports The reports that are disputed. They must name this contract as their DISPUTES.
    /// @param vault Where the last final amounts are looked up.
    /// @param stakes Where stakes and bonds are. They must name this contract as their DISPUTES.
    constructor(IRegistry registry, IRounds rounds, IReports reports, IJobVault vault, IStakes stakes) {
        REGISTRY = registry;
        ROUNDS = rounds;
        REPORTS = reports;
        VAULT = vault;
        STAKES = stakes;
    }

    /* D1 */

    /// @inheritdoc IDisputes
    function proveLowered(
        IReports.Report calldata report,
        uint256 seats,
        uint256 index,
        Amount calldata before,
        Amount calldata lowered
    ) external {
        _requirePending(report, seats);
        uint256 job = report.job;
        SumTree.Node memory last = SumTree.Node(VAULT.root(job), VAULT.allocated(job));
        if (!_holds(last, job, index, before)) revert NotFinal(job, index);
        SumTree.Node memory next = SumTree.Node(report.root, report.total);
        if (!_holds(next, job, index, lowered)) revert NotInReport(Fault.Amount, index);
        if (lowered.cumulative >= before.cumulative) revert NoFault();

        _convict(report, seats, Fault.Amount, msg.sender);
    }

    /// @inheritdoc IDisputes
    function proveForfeited(
        IReports.Report calldata report,
        uint256 seats,
        uint256 index,
        Amount calldata before,
        Amount calldata paid
    ) external {
        _requirePending(report, seats);
        uint256 job = report.job;
        SumTree.Node memory last = SumTree.Node(VAULT.root(job), VAULT.allocated(job));
        bool first = last.hash == 0;
        if (!first && !_holds(last, job, index, before)) revert NotFinal(job, index);
        SumTree.Node memory next = SumTree.Node(report.root, report.total);
        if (!_holds(next, job, index, paid)) revert NotInReport(Fault.Amount, index);
        bool earned = paid.cumulative > (first ? 0 : before.cumulative);
        if (!earned || ROUNDS.withheldIn(job, paid.account) != report.round) revert NoFault();

        _convict(report, seats, Fault.Forfeited, msg.sender);
    }

    /* D2 */

    /// @inheritdoc IDisputes
    function proveMarginal(
        IReports.Report calldata report,
        uint256 seats,
        Step calldata step,
        Utility calldata without,
        Utility calldata joined
    ) external {
        _requirePending(report, seats);
        uint256 count = _memberCount(report.job, 256);
        _requireStep(report, count, step);
        uint256 place = step.permutation * (count + 1) + step.position;
        _requireUtility(report, place, without);
        _requireUtility(report, place + 1, joined);
        uint16[] memory order = Permutation.order(_seed(report), step.permutation, count);
        uint256 coalition = _firstToJoin(order, step.position);
        bool placed =
            without.coalition == coalition && joined.coalition == coalition | 1 << uint256(order[step.position]);
        unchecked {
            if (placed && step.marginal == joined.utility - without.utility) revert NoFault();
        }

        _convict(report, seats, Fault.Marginal, msg.sender);
    }

    /// @inheritdoc IDisputes
    function proveTotal(IReports.Report calldata report, uint256 seats, Step calldata step, Step calldata last)
        external
    {
        _requirePending(report, seats);
        uint256 count = _memberCount(report.job, 256);
        _requireStep(report, count, step);
        int256 before;
        if (step.permutation != 0) {
            _requireStep(report, count, last);
            bytes32 seed = _seed(report);
            uint16 member = Permutation.order(seed, step.permutation, count)[step.position];
            _requireMember(seed, count, last, step.permutation - 1, member);
            before = last.total;
        }
        unchecked {
            if (step.total == before + step.marginal) revert NoFault();
        }

        _convict(report, seats, Fault.Total, msg.sender);
    }

    /// @inheritdoc IDisputes
    function proveValue(IReports.Report calldata report, uint256 seats, Value calldata value, Step calldata last)
        external
    {
        _requirePending(report, seats);
        uint256 count = _memberCount(report.job, 256);
        _requireValue(report, count, value);
        _requireStep(report, count, last);
        _requireMember(_seed(report), count, last, report.permutations - 1, value.index);
        if (value.value == last.total) revert NoFault();

        _convict(report, seats, Fault.Value, msg.sender);
    }

    /// @inheritdoc IDisputes
    function proveConflict(
        IReports.Report calldata report,
        uint256 seats,
        uint256 firstIndex,
        Utility calldata first,
        uint256 secondIndex,
        Utility calldata second
    ) external {
        _requirePending(report, seats);
        if (report.permutations == 0) revert WrongForm(0);
        _requireUtility(report, firstIndex, first);
        _requireUtility(report, secondIndex, second);
        if (first.coalition != second.coalition || first.utility == second.utility) revert NoFault();

        _convict(report, seats, Fault.Conflict, msg.sender);
    }

    /// @inheritdoc IDisputes
    function proveMisplaced(IReports.Report calldata report, uint256 seats, uint256 index, Utility calldata utility)
        external
    {
        _requirePending(report, seats);
        if (report.permutations != 0) revert WrongForm(report.permutations);
        _requireUtility(report, index, utility);
        if (utility.coalition == index) revert NoFault();

        _convict(report, seats, Fault.Misplaced, msg.sender);
    }

    /// @inheritdoc IDisputes
    function proveShapley(IReports.Report calldata report, uint256 seats, Value calldata value, Part calldata part)
        external
    {
        bytes32 signed = _requirePending(report, seats);
        if (report.permutations != 0) revert WrongForm(report.permutations);
        uint256 count = _memberCount(report.job, 16);
        _requireValue(report, count, value);
        Sum storage kept = summed[signed][msg.sender][value.index];
        (uint256 next, int256 sum) = (kept.next, kept.sum);
        (uint256 size, int256 added) = _add(report, count, value.index, next, part);
        unchecked {
            (next, sum) = (next + size, sum + added);
        }
        if (next != 1 << count) {
            (kept.next, kept.sum) = (next, sum);
            return;
        }
        if (value.value == sum) revert NoFault();

        _convict(report, seats, Fault.Value, msg.sender);
    }

    /* D3 */

    /// @inheritdoc IDisputes
    function challenge(IReports.Report calldata report, uint256 seats, Fault fault, uint256 subject, int256 claim)
        external
        returns (uint256 number)
    {
        bytes32 signed = _requirePending(report, seats);
        if (fault != Fault.Utility && fault != Fault.Payment) revert NotArbitrable(fault);
        uint256 job = report.job;
        IRegistry.Safeguards memory safeguards = REGISTRY.safeguards(job);
        if (safeguards.arbiter == address(0)) revert NoArbiter(job);

        number = ++challenges;
        uint64 deadline = uint64(block.timestamp) + safeguards.rulingWindow;
        bytes32 question = keccak256(abi.encode(fault, subject, claim));
        _challenge[number] = Challenge(job, signed, question, msg.sender, deadline, fault, true);
        ++openOn[signed];
        emit Challenged(job, number, msg.sender, fault, subject, claim, signed, deadline);
        STAKES.bond(job, msg.sender);
    }

    /// @inheritdoc IDisputes
    function settle(IReports.Report calldata report, uint256 seats, uint256 number) external {
        Challenge memory settled = _challenge[number];
        if (!settled.open) revert NotOpen(number);
        uint256 job = settled.job;
        bytes32 signed = REPORTS.hashSigned(report, seats);
        if (signed != settled.signed) revert IReports.NotPending(job, signed);
        (bytes32 waiting,) = REPORTS.waiting(job);
        // A report that was cancelled meanwhile needs no verdict, and nobody is punished for it twice.
        IArbiter.Verdict verdict = waiting == signed ? _verdict(number, settled) : IArbiter.Verdict.None;

        _challenge[number].open = false;
        --openOn[signed];
        emit Settled(job, number, verdict);
        if (verdict == IArbiter.Verdict.Rejected) return STAKES.forfeit(job, _signers(job, seats));
        STAKES.release(job, settled.challenger);
        if (verdict == IArbiter.Verdict.Upheld) _convict(report, seats, settled.fault, settled.challenger);
    }

    /* VIEWS */

    /// @inheritdoc IDisputes
    function challengeOf(uint256 number) external view returns (Challenge memory) {
        return _challenge[number];
    }

    /// @inheritdoc IDisputes
    function orderOf(bytes32 seed, uint256 permutation, uint256 count) external pure returns (uint16[] memory) {
        return Permutation.order(seed, permutation, count);
    }

    /* INTERNAL */

    /// @dev Cancels the report, and slashes everyone who signed it.
    function _convict(IReports.Report calldata report, uint256 seats, Fault fault, address prover) private {
        uint256 job = report.job;
        emit FaultProven(job, report.round, fault, prover);
        REPORTS.cancel(job);
        address[] memory signers = _signers(job, seats);
        for (uint256 i; i < signers.length; ++i) {
            STAKES.slash(job, signers[i], prover);
        }
    }

    /// @dev The arbiter is asked only while its word counts, so that a broken one cannot hold up the end.
    function _verdict(uint256 number, Challenge memory open) private view returns (IArbiter.Verdict verdict) {
        if (block.timestamp >= open.deadline) return IArbiter.Verdict.None;
        verdict = IArbiter(REGISTRY.safeguards(open.job).arbiter).verdict(number);
        if (verdict == IArbiter.Verdict.None) revert NotRuled(number, open.deadline);
    }

    function _requirePending(IReports.Report calldata report, uint256 seats) private view returns (bytes32 signed) {
        uint256 job = report.job;
        uint256 deadline;
        (signed, deadline) = REPORTS.waiting(job);
        bytes32 given = REPORTS.hashSigned(report, seats);
        if (given != signed) revert IReports.NotPending(job, given);
        if (block.timestamp >= deadline) revert DisputeOver(job, deadline);
    }

    function _requireStep(IReports.Report calldata report, uint256 count, Step calldata step) private pure {
        if (step.permutation >= report.permutations) revert OutOfRange(step.permutation, report.permutations);
        if (step.position >= count) revert OutOfRange(step.position, count);
        bytes32 leaf =
            Valuation.stepLeaf(report.job, report.round, step.permutation, step.position, step.marginal, step.total);
        uint256 index = step.permutation * count + step.position;
        if (!IndexTree.verify(report.stepsRoot, leaf, index, step.proof)) revert NotInReport(Fault.Marginal, index);
    }

    /// @dev The step is that of `member`, in permutation `permutation`.
    function _requireMember(bytes32 seed, uint256 count, Step calldata step, uint256 permutation, uint256 member)
        private
        pure
    {
        bool found =
            step.permutation == permutation && Permutation.order(seed, permutation, count)[step.position] == member;
        if (!found) revert WrongStep(step.permutation, step.position);
    }

    function _requireUtility(IReports.Report calldata report, uint256 index, Utility calldata given) private pure {
        bytes32 leaf = Valuation.utilityLeaf(report.job, report.round, given.coalition, given.utility);
        if (!IndexTree.verify(report.tableRoot, leaf, index, given.proof)) revert NotInReport(Fault.Utility, index);
    }

    /// @dev Checks the part of the table that begins at coalition `first`, and gives what it adds to the sum.
    function _add(IReports.Report calldata report, uint256 count, uint256 member, uint256 first, Part calldata part)
        private
        pure
        returns (uint256 size, int256 added)
    {
        (uint256 width, uint256 levels) = (part.width, part.proof.length);
        if (levels <= count) size = 1 << (count - levels);
        bool fits = width != 0 && width <= 32 && part.utilities.length == size * width;
        // A table of so many coalitions has no other part of this size before the end.
        if (!fits || size == 0 || first % size != 0) revert WrongPart(first, part.utilities.length);
        bytes32 root;
        (root, added) =
            Valuation.sum(Valuation.Span(report.job, report.round, first, width, count, member), part.utilities);
        if (!IndexTree.verify(report.tableRoot, root, first / size, part.proof)) {
            revert NotInReport(Fault.Utility, first);
        }
    }

    function _requireValue(IReports.Report calldata report, uint256 count, Value calldata given) private pure {
        if (given.index >= count) revert OutOfRange(given.index, count);
        bytes32 leaf = Valuation.valueLeaf(report.job, report.round, given.index, given.value);
        if (!IndexTree.verify(report.valuesRoot, leaf, given.index, given.proof)) {
            revert NotInReport(Fault.Value, given.index);
        }
    }

    function _memberCount(uint256 job, uint256 most) private view returns (uint256 count) {
        count = REGISTRY.memberCount(job);
        if (count > most) revert TooManyMembers(count, most);
    }

    function _seed(IReports.Report calldata report) private view returns (bytes32 seed) {
        (seed,) = ROUNDS.drawn(report.job, report.round);
    }

    function _signers(uint256 job, uint256 seats) private view returns (address[] memory signers) {
        address[] memory committee = REGISTRY.terms(job).committee;
        signers = new address[](committee.length);
        uint256 found;
        for (uint256 seat; seat < committee.length; ++seat) {
            if ((seats >> seat) & 1 != 0) signers[found++] = committee[seat];
        }
        assembly ("memory-safe") {
            mstore(signers, found)
        }
    }

    function _firstToJoin(uint16[] memory order, uint256 position) private pure returns (uint256 coalition) {
        for (uint256 i; i < position; ++i) {
            coalition |= 1 << uint256(order[i]);
        }
    }

    function _holds(SumTree.Node memory root, uint256 job, uint256 index, Amount calldata amount)
        private
        pure
        returns (bool)
    {
        bytes32 leaf = SumTree.leaf(job, index, amount.account, amount.cumulative);
        return SumTree.verify(root, leaf, amount.cumulative, index, amount.proof);
    }
}
