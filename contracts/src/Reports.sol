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
        "Report(uint256 job,uint256 round,bytes32 prevRoot,bytes32 root,uint256 total,bytes32 updatesRoot,bytes32 evidence,uint256 permutations,bytes32 tableRoot,bytes32 stepsRoot,bytes32 valuesRoot)"
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

    /// @dev `total` is at most a sum of fewer than 2**64 amounts of 128 bits. No report waits while `deadline` is 0;
    /// the rest is left as it was then, for it costs less to write over it.
    struct Pending {
        bytes32 root;
        bytes32 digest;
        uint192 total;
        uint64 deadline;
    }

    mapping(uint256 job => Pending) private _pending;

    /// @inheritdoc IReports
    mapping(uint256 job => uint256 round) public finalRound;

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
        IRegistry.Terms memory terms = REGISTRY.terms(report.job);
        _checkTurn(report);
        _checkBasis(report, terms.safeguards.commitWindow != 0);
        _checkList(report, accounts, cumulative);
        _checkMoney(report, terms.roundBudget);
        bytes32 digest = hashReport(report);
        uint256 seats = Committee.seatsOf(digest, signatures, terms.committee, terms.threshold);
        if (terms.safeguards.stake != 0) _checkStakes(report.job, seats, terms.committee);

        // Neither cast cuts anything: the time is before the job's end, and the list bounds the total.
        uint64 deadline = uint64(block.timestamp) + terms.challengeWindow;
        bytes32 signed = _signed(digest, seats);
        _pending[report.job] = Pending(report.root, signed, uint192(report.total), deadline);
        _logPosted(report, deadline, seats);
    }

    /// @inheritdoc IReports
    function finalise(uint256 job) external {
        Pending memory report = _pending[job];
        if (report.deadline == 0) revert NothingPending(job);
        if (block.timestamp < report.deadline) revert StillChallengeable(job, report.deadline);
        uint256 open = DISPUTES.openOn(report.digest);
        if (open != 0) revert DisputeOpen(job, open);

        _pending[job].deadline = 0;
        uint256 round = ++finalRound[job];
        emit ReportFinalised(job, round, report.root, report.total);
        VAULT.allocate(job, report.root, report.total);
    }

    /* DISPUTES ONLY */

    /// @inheritdoc IReports
    function cancel(uint256 job) external {
        if (msg.sender != address(DISPUTES)) revert NotDisputes(msg.sender);

        _pending[job].deadline = 0;
        emit ReportCancelled(job, finalRound[job] + 1, _pending[job].root);
    }

    /* VIEWS */

    /// @inheritdoc IReports
    function pending(uint256 job) external view returns (uint256 round, bytes32 root, uint256 total, uint256 deadline) {
        Pending memory report = _pending[job];
        if (report.deadline == 0) return (0, 0, 0, 0);
        return (finalRound[job] + 1, report.root, report.total, report.deadline);
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

    /// @dev The report is the job's next, and comes at a time for it.
    function _checkTurn(Report calldata report) private view {
        uint256 job = report.job;
        if (!REGISTRY.closed(job)) revert RegistrationOpen(job);
        uint256 pausedUntil = VAULT.pausedUntil();
        if (block.timestamp < pausedUntil) revert ReportsPaused(pausedUntil);
        uint256 endsAt = VAULT.endsAt(job);
        if (block.timestamp >= endsAt) revert JobOver(job, endsAt);

        uint256 expected = finalRound[job] + 1;
        if (_pending[job].deadline != 0) revert AlreadyPending(job, expected);
        if (report.round != expected) revert WrongRound(report.round, expected);

        bytes32 finalRoot = VAULT.root(job);
        if (report.prevRoot != finalRoot) revert WrongPreviousRoot(report.prevRoot, finalRoot);
    }

    /// @dev The report is about what was trained, and says what its seed was for.
    function _checkBasis(Report calldata report, bool draws) private view {
        (uint256 job, uint256 round) = (report.job, report.round);
        bytes32 seed;
        bytes32 history;
        if (draws) (seed, history) = ROUNDS.drawn(job, round);
        else history = ROUNDS.history(job);
        if (seed == 0 && (draws || report.permutations != 0)) revert NotDrawn(job, round);
        if (draws && report.tableRoot == 0) revert NoTable(job, round);
        if (report.updatesRoot != history) revert WrongUpdates(report.updatesRoot, history);
    }

    /// @dev The list is of all members, and builds what was signed.
    function _checkList(Report calldata report, address[] calldata accounts, uint128[] calldata cumulative)
        private
        view
    {
        if (accounts.length != cumulative.length) revert LengthMismatch(accounts.length, cumulative.length);

        (SumTree.Node memory built, bytes32 members) = SumTree.build(report.job, accounts, cumulative);
        bytes32 registered = REGISTRY.membersDigest(report.job);
        if (members != registered) revert WrongMembers(members, registered);
        if (report.root != built.hash) revert WrongRoot(report.root, built.hash);
        if (report.total != built.sum) revert WrongTotal(report.total, built.sum);
    }

    /// @dev The round allots no more than its budget, and the job holds it.
    function _checkMoney(Report calldata report, uint256 roundBudget) private view {
        uint256 previous = VAULT.allocated(report.job);
        if (report.total < previous) revert TotalFell(report.total, previous);
        uint256 increase = report.total - previous;
        if (increase > roundBudget) revert OverBudget(increase, roundBudget);
        uint256 funded = VAULT.funded(report.job);
        if (report.total > funded) revert Underfunded(report.total, funded);
    }

    /// @dev Everyone who signed has something to lose by it, until the report can no longer be challenged.
    function _checkStakes(uint256 job, uint256 seats, address[] memory committee) private view {
        for (uint256 seat; seats >> seat != 0; ++seat) {
            bool signed = (seats >> seat) & 1 != 0;
            if (signed && !STAKES.active(job, committee[seat])) revert SignerNotStaked(job, committee[seat]);
        }
    }

    function _logPosted(Report calldata report, uint256 deadline, uint256 seats) private {
        (uint256 job, uint256 round) = (report.job, report.round);
        emit ReportPosted(job, round, report.root, report.total, report.evidence, deadline, seats);
        if (report.tableRoot == 0) return;
        emit ValuationCommitted(job, round, report.permutations, report.tableRoot, report.stepsRoot, report.valuesRoot);
    }

    function _signed(bytes32 digest, uint256 seats) private pure returns (bytes32) {
        return keccak256(abi.encode(digest, seats));
    }
}
