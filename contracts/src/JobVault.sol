// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {SumTree} from "./SumTree.sol";
import {Transfers} from "./Transfers.sol";
import {IJobVault} from "./interfaces/IJobVault.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IReports} from "./interfaces/IReports.sol";

/// @title JobVault
/// @notice Holds the jobs' money and pays members against final reports.
/// @dev Invariant, per job: paid <= allocated <= funded - refunded. Neither the coordinator nor the
/// committee can break it, whatever they sign.
contract JobVault is IJobVault, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using Transfers for IERC20;

    /* IMMUTABLES */

    /// @dev How long a pause lasts, and how long it may not be repeated after.
    uint256 private constant PAUSE = 7 days;

    /// @dev Enough for any token's transfer with a hook that does little.
    uint256 private constant PUSH_GAS = 100_000;

    /// @inheritdoc IJobVault
    IRegistry public immutable REGISTRY;

    /// @inheritdoc IJobVault
    IReports public immutable REPORTS;

    /// @inheritdoc IJobVault
    address public immutable GUARDIAN;

    /* STORAGE */

    uint64 private _pausedAt;
    uint64 private _pausedUntil;

    /// @inheritdoc IJobVault
    mapping(uint256 job => uint256 amount) public funded;

    /// @inheritdoc IJobVault
    mapping(uint256 job => uint256 amount) public allocated;

    /// @inheritdoc IJobVault
    mapping(uint256 job => uint256 amount) public paid;

    /// @inheritdoc IJobVault
    mapping(uint256 job => uint256 amount) public refunded;

    /// @inheritdoc IJobVault
    mapping(uint256 job => mapping(uint256 index => uint256 amount)) public claimed;

    /// @inheritdoc IJobVault
    mapping(uint256 job => bytes32 hash) public root;

    /// @inheritdoc IJobVault
    mapping(uint256 job => mapping(address account => uint256 amount)) public owed;

    /// @inheritdoc IJobVault
    mapping(uint256 job => uint256 amount) public credited;

    /* CONSTRUCTOR */

    /// @param registry Where jobs and their sponsors are looked up.
    /// @param reports The one contract that may allot money; it may be deployed after this one.
    /// @param guardian The one account that may pause new reports; zero is nobody.
    constructor(IRegistry registry, IReports reports, address guardian) {
        REGISTRY = registry;
        REPORTS = reports;
        GUARDIAN = guardian;
    }

    /* ANYONE */

    /// @inheritdoc IJobVault
    function fund(uint256 job, uint256 amount) external nonReentrant {
        if (amount == 0) revert NothingToFund(job);

        _token(job).pull(msg.sender, amount);
        funded[job] += amount;
        emit Funded(job, msg.sender, amount);
    }

    /// @inheritdoc IJobVault
    function claim(uint256 job, uint256 index, address account, uint256 cumulative, SumTree.Node[] calldata proof)
        external
        nonReentrant
        returns (uint256 amount)
    {
        amount = _due(job, index, account, cumulative, proof);
        if (amount == 0) revert NothingToClaim(job, index, claimed[job][index]);
        _token(job).safeTransfer(account, amount);
    }

    /// @inheritdoc IJobVault
    function claimMany(uint256 job, Claim[] calldata claims) external nonReentrant returns (uint256 amount) {
        IERC20 token = _token(job);
        for (uint256 i; i < claims.length; ++i) {
            Claim calldata one = claims[i];
            uint256 due = _due(job, one.index, one.account, one.cumulative, one.proof);
            amount += due;
            if (due != 0) token.safeTransfer(one.account, due);
        }
    }

    /// @inheritdoc IJobVault
    function push(uint256 job, Claim[] calldata claims) external nonReentrant returns (uint256 amount) {
        IERC20 token = _token(job);
        for (uint256 i; i < claims.length; ++i) {
            Claim calldata one = claims[i];
            uint256 due = _due(job, one.index, one.account, one.cumulative, one.proof);
            amount += due;
            if (due == 0 || token.tryPush(one.account, due, PUSH_GAS)) continue;

            owed[job][one.account] += due;
            credited[job] += due;
            emit Credited(job, one.account, due);
        }
    }

    /// @inheritdoc IJobVault
    function withdraw(uint256 job, address account) external nonReentrant returns (uint256 amount) {
        amount = owed[job][account];
        if (amount == 0) revert NothingOwed(job, account);

        delete owed[job][account];
        credited[job] -= amount;
        emit Withdrawn(job, account, amount);
        _token(job).safeTransfer(account, amount);
    }

    /* REPORTS ONLY */

    /// @inheritdoc IJobVault
    function allocate(uint256 job, bytes32 root_, uint256 total) external {
        if (msg.sender != address(REPORTS)) revert NotReports(msg.sender);
        if (total < allocated[job]) revert AllocationFell(total, allocated[job]);
        uint256 held = funded[job] - refunded[job];
        if (total > held) revert OverAllocated(total, held);

        root[job] = root_;
        allocated[job] = total;
        emit Allocated(job, root_, total);
    }

    /* GUARDIAN ONLY */

    /// @inheritdoc IJobVault
    function pause() external {
        if (msg.sender != GUARDIAN) revert NotGuardian(msg.sender);
        // Not even the first pause is too early: no chain's clock is so far back.
        uint256 earliest = _pausedUntil + PAUSE;
        if (block.timestamp < earliest) revert PausedTooOften(earliest);

        _pausedAt = uint64(block.timestamp);
        _pausedUntil = uint64(block.timestamp + PAUSE);
        emit Paused(_pausedUntil);
    }

    /// @inheritdoc IJobVault
    function resume() external {
        if (msg.sender != GUARDIAN) revert NotGuardian(msg.sender);
        if (block.timestamp >= _pausedUntil) revert NotPaused();

        _pausedUntil = uint64(block.timestamp);
        emit Resumed();
    }

    /* SPONSOR ONLY */

    /// @inheritdoc IJobVault
    function refund(uint256 job) external nonReentrant returns (uint256 amount) {
        if (msg.sender != REGISTRY.sponsor(job)) revert NotSponsor(job, msg.sender);
        uint256 end = endsAt(job);
        if (block.timestamp < end) revert JobNotOver(job, end);
        (uint256 round,,,) = REPORTS.pending(job);
        if (round != 0) revert ReportPending(job, round);
        amount = reserve(job);
        if (amount == 0) revert NothingToRefund(job);

        refunded[job] += amount;
        emit Refunded(job, msg.sender, amount);
        _token(job).safeTransfer(msg.sender, amount);
    }

    /* VIEWS */

    /// @inheritdoc IJobVault
    function reserve(uint256 job) public view returns (uint256) {
        return funded[job] - refunded[job] - allocated[job];
    }

    /// @inheritdoc IJobVault
    function pausedUntil() external view returns (uint256) {
        return _pausedUntil;
    }

    /// @inheritdoc IJobVault
    function endsAt(uint256 job) public view returns (uint256) {
        uint256 end = REGISTRY.endsAt(job);
        // A week is left after a pause, as long as there is before the next.
        uint256 extended = _pausedUntil + PAUSE;
        return _pausedAt < end && end < extended ? extended : end;
    }

    /* INTERNAL */

    /// @dev Marks a claim as paid, and says how much is to be sent. Before it is, so that a token that calls back
    /// finds the claim paid.
    function _due(uint256 job, uint256 index, address account, uint256 cumulative, SumTree.Node[] calldata proof)
        private
        returns (uint256 amount)
    {
        SumTree.Node memory top = SumTree.Node(root[job], allocated[job]);
        bytes32 leaf = SumTree.leaf(job, index, account, cumulative);
        if (!SumTree.verify(top, leaf, cumulative, index, proof)) revert InvalidProof(job, index);
        uint256 already = claimed[job][index];
        if (cumulative <= already) return 0;

        amount = cumulative - already;
        claimed[job][index] = cumulative;
        uint256 spent = paid[job] + amount;
        if (spent > top.sum) revert Overdrawn(spent, top.sum);
        paid[job] = spent;
        emit Claimed(job, index, account, amount);
    }

    function _token(uint256 job) private view returns (IERC20) {
        return REGISTRY.token(job);
    }
}
