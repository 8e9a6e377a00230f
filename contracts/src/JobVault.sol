// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
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
    using SafeCast for uint256;

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

    /// @dev No token's supply passes 128 bits in practice; one that does is refused when it funds.
    struct Money {
        uint128 funded;
        uint128 refunded;
        uint128 allocated;
        uint128 paid;
    }

    mapping(uint256 job => Money) private _money;

    /// @dev Two members share a slot, for their amounts are of 128 bits.
    mapping(uint256 job => mapping(uint256 pair => uint256 both)) private _claimed;

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
        _money[job].funded += amount.toUint128();
        emit Funded(job, msg.sender, amount);
    }

    /// @inheritdoc IJobVault
    function claim(uint256 job, uint256 index, address account, uint256 cumulative, SumTree.Node[] calldata proof)
        external
        nonReentrant
        returns (uint256 amount)
    {
        amount = _due(job, index, account, cumulative, proof);
        if (amount == 0) revert NothingToClaim(job, index, claimed(job, index));
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
    function claimList(uint256 job, address[] calldata accounts, uint128[] calldata cumulative)
        external
        nonReentrant
        returns (uint256 amount)
    {
        if (accounts.length != cumulative.length) revert WrongList(job);
        (SumTree.Node memory built,) = SumTree.build(job, accounts, cumulative);
        if (built.hash != root[job]) revert WrongList(job);

        uint256[] memory due = new uint256[](accounts.length);
        for (uint256 index; index < accounts.length; ++index) {
            due[index] = _mark(job, index, accounts[index], cumulative[index]);
            amount += due[index];
        }
        _spend(job, amount, built.sum);
        IERC20 token = _token(job);
        for (uint256 index; index < accounts.length; ++index) {
            if (due[index] != 0) token.safeTransfer(accounts[index], due[index]);
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
        Money storage money = _money[job];
        if (total < money.allocated) revert AllocationFell(total, money.allocated);
        uint256 held = money.funded - money.refunded;
        if (total > held) revert OverAllocated(total, held);

        root[job] = root_;
        money.allocated = uint128(total);
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

        _money[job].refunded += uint128(amount);
        emit Refunded(job, msg.sender, amount);
        _token(job).safeTransfer(msg.sender, amount);
    }

    /* VIEWS */

    /// @inheritdoc IJobVault
    function funded(uint256 job) external view returns (uint256) {
        return _money[job].funded;
    }

    /// @inheritdoc IJobVault
    function refunded(uint256 job) external view returns (uint256) {
        return _money[job].refunded;
    }

    /// @inheritdoc IJobVault
    function allocated(uint256 job) public view returns (uint256) {
        return _money[job].allocated;
    }

    /// @inheritdoc IJobVault
    function paid(uint256 job) public view returns (uint256) {
        return _money[job].paid;
    }

    /// @inheritdoc IJobVault
    function books(uint256 job, uint256 end) external view returns (Books memory) {
        Money storage money = _money[job];
        return Books(root[job], money.allocated, money.funded, _extended(end), _pausedUntil);
    }

    /// @inheritdoc IJobVault
    function claimed(uint256 job, uint256 index) public view returns (uint256) {
        return uint128(_claimed[job][index >> 1] >> ((index & 1) << 7));
    }

    /// @inheritdoc IJobVault
    function reserve(uint256 job) public view returns (uint256) {
        Money storage money = _money[job];
        return money.funded - money.refunded - money.allocated;
    }

    /// @inheritdoc IJobVault
    function pausedUntil() external view returns (uint256) {
        return _pausedUntil;
    }

    /// @inheritdoc IJobVault
    function endsAt(uint256 job) public view returns (uint256) {
        return _extended(REGISTRY.endsAt(job));
    }

    /* INTERNAL */

    /// @dev A week is left after a pause, as long as there is before the next.
    function _extended(uint256 end) private view returns (uint256) {
        uint256 later = _pausedUntil + PAUSE;
        return _pausedAt < end && end < later ? later : end;
    }

    /// @dev What a member with a valid proof is to be sent.
    function _due(uint256 job, uint256 index, address account, uint256 cumulative, SumTree.Node[] calldata proof)
        private
        returns (uint256 amount)
    {
        SumTree.Node memory top = SumTree.Node(root[job], allocated(job));
        bytes32 leaf = SumTree.leaf(job, index, account, cumulative);
        if (!SumTree.verify(top, leaf, cumulative, index, proof)) revert InvalidProof(job, index);
        amount = _mark(job, index, account, cumulative);
        _spend(job, amount, top.sum);
    }

    /// @dev Marks a claim as paid, and says how much is to be sent. Before it is, so that a token that calls back
    /// finds the claim paid.
    function _mark(uint256 job, uint256 index, address account, uint256 cumulative) private returns (uint256 amount) {
        uint256 both = _claimed[job][index >> 1];
        uint256 shift = (index & 1) << 7;
        uint256 already = uint128(both >> shift);
        if (cumulative <= already) return 0;

        amount = cumulative - already;
        // Stays within the member's half: a final report's amounts are of 128 bits.
        _claimed[job][index >> 1] = both + (amount << shift);
        emit Claimed(job, index, account, amount);
    }

    /// @dev Counts what is about to be sent.
    function _spend(uint256 job, uint256 amount, uint256 total) private {
        uint256 spent = paid(job) + amount;
        if (spent > total) revert Overdrawn(spent, total);
        _money[job].paid = uint128(spent);
    }

    function _token(uint256 job) private view returns (IERC20) {
        return REGISTRY.token(job);
    }
}
