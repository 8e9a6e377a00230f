// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {Committee} from "./Committee.sol";
import {SumTree} from "./SumTree.sol";
import {IDisputes} from "./interfaces/IDisputes.sol";
import {IJobVault} from "./interfaces/IJobVault.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IReports} from "./interfaces/IReports.sol";
import {IRounds} from "./interfaces/IRounds.sol";
import {IStakes} from "./interfaces/IStakes.sol";

/// @title Reports
/// @notice From the committee's signatures to amounts that can be claimed.
/// @dev The final root and total are the vault's `root` and `allocated`; they are kept there only.
contract Reports is IReports, EIP712 {
    /* IMMUTABLES */

    /// @dev EIP-712 type of what the committee signs.
    bytes32 private constant REPORT_TYPE = keccak256(
        "Report(uint256 job,uint256 round,uint256 attempt,bytes32 prevRoot,bytes32 root,uint256 total,bytes32 updatesRoot,bytes32 evidence,uint256 permutations,bytes32 tableRoot,bytes32 stepsRoot,bytes32 valuesRoot)"
    );

    /// @inheritdoc IReports
    IRegistry public immutable REGISTRY;

    /// @inheritdoc IReports
    IRounds public immutable ROUNDS;

    /// @inheritdoc IReports
    IJobVault public immutable VAULT;

    /// @inheritdoc IReports
    IStakes public immutable STAKES;

    /// @inheritdoc IReports
    IDisputes public immutable DISPUTES;

    /* STORAGE */

    /// @dev `total` is at most what the job was funded with. No report waits while `deadline` is 0; the rest is left
    /// as it was then, for it costs less to write over it. `attempt` counts the reports that were cancelled.
    struct Pending {
        bytes32 root;
        bytes32 digest;
        uint128 total;
        uint64 deadline;
        uint24 finalRound;
        uint40 attempt;
    }

    mapping(uint256 job => Pending) private _pending;

    /* CONSTRUCTOR */

    /// @param registry Where jobs, members and committees are looked up.
    /// @param rounds Where committed updates and seeds are looked up.
    /// @param vault The vault that final reports allot from. It must name this contract as its REPORTS.
    /// @param stakes What signers are slashed of.
    /// @param disputes Where open challenges are looked up; it may be deployed after this one.
    constructor(IRegistry registry, IRounds rounds, IJobVault vault, IStakes stakes, IDisputes disputes)
        EIP712("fedmerit", "1")
    {
        REGISTRY = registry;
        ROUNDS = rounds;
        VAULT = vault;
        STAKES = stakes;
        DISPUTES = disputes;
    }

    /* ANYONE */

    /// @inheritdoc IReports
    function postList(
        Report calldata report,
        address[] calldata accounts,
        uint128[] calldata cumulative,
        bytes[] calldata signatures
    ) external {
        uint256 job = report.job;
        if (_pending[job].deadline != 0) _finaliseLast(job);
        IRegistry.Rules memory rules = REGISTRY.rules(job);
        IJobVault.Books memory books = VAULT.books(job, rules.endsAt);
        _checkTurn(report, rules.closed, books);
        _checkBasis(report, rules.draws);
        _checkForm(report, rules.form, rules.permutations);
        _checkList(report, accounts, cumulative, rules.membersDigest);
        _checkMoney(report, rules.roundBudget, books);
        bytes32 digest = hashReport(report);
        uint256 seats = Committee.seatsOf(digest, signatures, rules.committee, rules.threshold);
        if (rules.staked) _checkStakes(job, seats, rules.committee);

        _keep(report, digest, seats, rules.challengeWindow);
    }

    /// @inheritdoc IReports
    function finalise(uint256 job) external {
        Pending memory report = _pending[job];
        if (report.deadline == 0) revert NothingPending(job);
        if (block.timestamp < report.deadline) revert StillChallengeable(job, report.deadline);
        uint256 open = DISPUTES.openOn(report.digest);
        if (open != 0) revert DisputeOpen(job, open);

        _finalise(job, report);
    }

    /* DISPUTES ONLY */

    /// @inheritdoc IReports
    function cancel(uint256 job) external {
        if (msg.sender != address(DISPUTES)) revert NotDisputes(msg.sender);

        _pending[job].deadline = 0;
        ++_pending[job].attempt;
        emit ReportCancelled(job, finalRound(job) + 1, _pending[job].root);
    }

    /* VIEWS */

    /// @inheritdoc IReports
    function finalRound(uint256 job) public view returns (uint256) {
        return _pending[job].finalRound;
    }

    /// @inheritdoc IReports
    function attempt(uint256 job) external view returns (uint256) {
        return _pending[job].attempt;
    }

    /// @inheritdoc IReports
    function pending(uint256 job) external view returns (uint256 round, bytes32 root, uint256 total, uint256 deadline) {
        Pending memory report = _pending[job];
        if (report.deadline == 0) return (0, 0, 0, 0);
        return (report.finalRound + 1, report.root, report.total, report.deadline);
    }

    /// @inheritdoc IReports
    function waiting(uint256 job) external view returns (bytes32 digest, uint256 deadline) {
        Pending storage report = _pending[job];
        if (report.deadline == 0) return (0, 0);
        return (report.digest, report.deadline);
    }

    /// @inheritdoc IReports
    function hashSigned(Report calldata report, uint256 seats) external view returns (bytes32) {
        return _signed(hashReport(report), seats);
    }

    /// @inheritdoc IReports
    function hashReport(Report calldata report) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REPORT_TYPE, report)));
    }

    /* INTERNAL */

    /// @dev Makes room for the next report: a job of many periods needs no transaction to end each.
    function _finaliseLast(uint256 job) private {
        Pending memory last = _pending[job];
        if (block.timestamp < last.deadline || DISPUTES.openOn(last.digest) != 0) {
            revert AlreadyPending(job, last.finalRound + 1);
        }
        _finalise(job, last);
    }

    function _finalise(uint256 job, Pending memory report) private {
        uint24 round = report.finalRound + 1;
        (_pending[job].deadline, _pending[job].finalRound) = (0, round);
        emit ReportFinalised(job, round, report.root, report.total);
        VAULT.allocate(job, report.root, report.total);
    }

    /// @dev The report is the job's next, and comes at a time for it.
    function _checkTurn(Report calldata report, bool closed, IJobVault.Books memory books) private view {
        uint256 job = report.job;
        if (!closed) revert RegistrationOpen(job);
        if (block.timestamp < books.pausedUntil) revert ReportsPaused(books.pausedUntil);
        if (block.timestamp >= books.endsAt) revert JobOver(job, books.endsAt);

        Pending storage last = _pending[job];
        (uint256 final_, uint256 cancelled) = (last.finalRound, last.attempt);
        if (report.round != final_ + 1) revert WrongRound(report.round, final_ + 1);
        if (report.attempt != cancelled) revert WrongAttempt(report.attempt, cancelled);
        if (report.prevRoot != books.root) revert WrongPreviousRoot(report.prevRoot, books.root);
    }

    /// @dev The report is about what was trained, and says what its seed was for.
    function _checkBasis(Report calldata report, bool draws) private view {
        (uint256 job, uint256 round) = (report.job, report.round);
        bytes32 seed;
        bytes32 history;
        if (draws) (seed, history) = ROUNDS.drawn(job, round);
        else history = ROUNDS.history(job);
        if (seed == 0 && (draws || report.permutations != 0)) revert NotDrawn(job, round);
        if (report.updatesRoot != history) revert WrongUpdates(report.updatesRoot, history);
    }

    /// @dev The report commits to what the terms say, and so can be shown false where it is.
    function _checkForm(Report calldata report, IRegistry.Form form, uint256 permutations) private pure {
        if (form == IRegistry.Form.Open) return;
        bool orders = form == IRegistry.Form.Orders;
        bool fits = report.permutations == permutations && report.tableRoot != 0 && (report.stepsRoot != 0) == orders
            && (report.valuesRoot != 0) == (form != IRegistry.Form.Table);
        if (!fits) revert OtherForm(form, permutations);
    }

    /// @dev The list is of all members, and builds what was signed.
    function _checkList(
        Report calldata report,
        address[] calldata accounts,
        uint128[] calldata cumulative,
        bytes32 registered
    ) private pure {
        if (accounts.length != cumulative.length) {
            revert LengthMismatch(accounts.length, cumulative.length);
        }

        (SumTree.Node memory built, bytes32 members) = SumTree.build(report.job, accounts, cumulative);
        if (members != registered) revert WrongMembers(members, registered);
        if (report.root != built.hash) revert WrongRoot(report.root, built.hash);
        if (report.total != built.sum) revert WrongTotal(report.total, built.sum);
    }

    /// @dev The round allots no more than its budget, and the job holds it.
    function _checkMoney(Report calldata report, uint256 roundBudget, IJobVault.Books memory books) private pure {
        if (report.total < books.allocated) revert TotalFell(report.total, books.allocated);
        uint256 increase = report.total - books.allocated;
        if (increase > roundBudget) revert OverBudget(increase, roundBudget);
        if (report.total > books.funded) revert Underfunded(report.total, books.funded);
    }

    /// @dev Everyone who signed has something to lose by it, until the report can no longer be challenged.
    function _checkStakes(uint256 job, uint256 seats, address[] memory committee) private view {
        for (uint256 seat; seats >> seat != 0; ++seat) {
            bool signed = (seats >> seat) & 1 != 0;
            if (signed && !STAKES.active(job, committee[seat])) revert SignerNotStaked(job, committee[seat]);
        }
    }

    function _keep(Report calldata report, bytes32 digest, uint256 seats, uint64 challengeWindow) private {
        (uint256 job, uint256 round) = (report.job, report.round);
        uint64 deadline = uint64(block.timestamp) + challengeWindow;
        Pending storage kept = _pending[job];
        // Neither cast cuts anything: the time is before the job's end, and the job holds the total.
        (kept.root, kept.digest) = (report.root, _signed(digest, seats));
        (kept.total, kept.deadline) = (uint128(report.total), deadline);
        emit ReportPosted(job, round, report.root, report.total, report.evidence, deadline, seats);
        if (report.tableRoot == 0) return;
        emit ValuationCommitted(job, round, report.permutations, report.tableRoot, report.stepsRoot, report.valuesRoot);
    }

    function _signed(bytes32 digest, uint256 seats) private pure returns (bytes32) {
        return keccak256(abi.encode(digest, seats));
    }
}
