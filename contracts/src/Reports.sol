// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {SumTree} from "./SumTree.sol";
import {IJobVault} from "./interfaces/IJobVault.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IReports} from "./interfaces/IReports.sol";
import {IRounds} from "./interfaces/IRounds.sol";

/// @title Reports
/// @notice From the committee's signatures to amounts that can be claimed.
/// @dev The final root and total are the vault's `root` and `allocated`; they are kept there only.
contract Reports is IReports, EIP712 {
    /* IMMUTABLES */

    /// @dev EIP-712 type of what the committee signs.
    bytes32 private constant REPORT_TYPE = keccak256(
        "Report(uint256 job,uint256 round,bytes32 prevRoot,bytes32 root,uint256 total,bytes32 updatesRoot,bytes32 evidence)"
    );

    /// @inheritdoc IReports
    IRegistry public immutable REGISTRY;

    /// @inheritdoc IReports
    IRounds public immutable ROUNDS;

    /// @inheritdoc IReports
    IJobVault public immutable VAULT;

    /* STORAGE */

    /// @dev `total` is at most a sum of fewer than 2**64 amounts of 128 bits. No report waits while `deadline` is 0.
    struct Pending {
        bytes32 root;
        uint192 total;
        uint64 deadline;
    }

    mapping(uint256 job => Pending) private _pending;

    /// @inheritdoc IReports
    mapping(uint256 job => uint256 round) public finalRound;

    /* CONSTRUCTOR */

    /// @param registry Where jobs, members and committees are looked up.
    /// @param rounds Where committed updates are looked up.
    /// @param vault The vault that final reports allot from. It must name this contract as its REPORTS.
    constructor(IRegistry registry, IRounds rounds, IJobVault vault) EIP712("fedmerit", "1") {
        REGISTRY = registry;
        ROUNDS = rounds;
        VAULT = vault;
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
        _checkTurn(report, terms.endsAt);
        _checkList(report, accounts, cumulative);
        _checkMoney(report, terms.roundBudget);
        _checkSignatures(hashReport(report), signatures, terms);

        // Neither cast cuts anything: the time is before `endsAt`, and the list bounds the total.
        uint64 deadline = uint64(block.timestamp) + terms.challengeWindow;
        _pending[report.job] = Pending(report.root, uint192(report.total), deadline);
        emit ReportPosted(report.job, report.round, report.root, report.total, report.evidence, deadline);
    }

    /// @inheritdoc IReports
    function finalise(uint256 job) external {
        Pending memory report = _pending[job];
        if (report.deadline == 0) revert NothingPending(job);
        if (block.timestamp < report.deadline) revert StillChallengeable(job, report.deadline);

        delete _pending[job];
        uint256 round = ++finalRound[job];
        emit ReportFinalised(job, round, report.root, report.total);
        VAULT.allocate(job, report.root, report.total);
    }

    /* VIEWS */

    /// @inheritdoc IReports
    function pending(uint256 job) external view returns (uint256 round, bytes32 root, uint256 total, uint256 deadline) {
        Pending memory report = _pending[job];
        if (report.deadline != 0) round = finalRound[job] + 1;
        return (round, report.root, report.total, report.deadline);
    }

    /// @inheritdoc IReports
    function hashReport(Report calldata report) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REPORT_TYPE, report)));
    }

    /* INTERNAL */

    /// @dev The report is the job's next, and about what was trained.
    function _checkTurn(Report calldata report, uint256 endsAt) private view {
        uint256 job = report.job;
        if (!REGISTRY.closed(job)) revert RegistrationOpen(job);
        if (block.timestamp >= endsAt) revert JobOver(job, endsAt);

        uint256 expected = finalRound[job] + 1;
        if (_pending[job].deadline != 0) revert AlreadyPending(job, expected);
        if (report.round != expected) revert WrongRound(report.round, expected);

        bytes32 finalRoot = VAULT.root(job);
        if (report.prevRoot != finalRoot) revert WrongPreviousRoot(report.prevRoot, finalRoot);
        bytes32 history = ROUNDS.history(job);
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

    /// @dev Enough committee members signed, each once. Both lists ascend, so one walk over each is enough.
    function _checkSignatures(bytes32 digest, bytes[] calldata signatures, IRegistry.Terms memory terms) private pure {
        if (signatures.length < terms.threshold) revert TooFewSignatures(signatures.length, terms.threshold);

        address previous;
        uint256 seat;
        for (uint256 i; i < signatures.length; ++i) {
            address signer = ECDSA.recoverCalldata(digest, signatures[i]);
            if (signer <= previous) revert SignersNotAscending(previous, signer);
            while (seat < terms.committee.length && terms.committee[seat] < signer) ++seat;
            if (seat == terms.committee.length || terms.committee[seat] != signer) revert NotInCommittee(signer);
            previous = signer;
        }
    }
}
