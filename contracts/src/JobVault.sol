// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {SumTree} from "./SumTree.sol";
import {IJobVault} from "./interfaces/IJobVault.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IReports} from "./interfaces/IReports.sol";

/// @title JobVault
/// @notice Holds the jobs' money and pays members against final reports.
/// @dev Invariant, per job: paid <= allocated <= funded - refunded. Neither the coordinator nor the
/// committee can break it, whatever they sign.
contract JobVault is IJobVault, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /* IMMUTABLES */

    /// @inheritdoc IJobVault
    IRegistry public immutable REGISTRY;

    /// @inheritdoc IJobVault
    IReports public immutable REPORTS;

    /* STORAGE */

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

    /* CONSTRUCTOR */

    /// @param registry Where jobs and their sponsors are looked up.
    /// @param reports The one contract that may allot money; it may be deployed after this one.
    constructor(IRegistry registry, IReports reports) {
        REGISTRY = registry;
        REPORTS = reports;
    }

    /* ANYONE */

    /// @inheritdoc IJobVault
    function fund(uint256 job, uint256 amount) external nonReentrant {
        if (amount == 0) revert NothingToFund(job);
        IERC20 token = _token(job);

        // Counted after the transfer, for a token may keep a fee; nothing else can move money meanwhile.
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert InexactTransfer(amount, received);

        funded[job] += amount;
        emit Funded(job, msg.sender, amount);
    }

    /// @inheritdoc IJobVault
    function claim(uint256 job, uint256 index, address account, uint256 cumulative, SumTree.Node[] calldata proof)
        external
        nonReentrant
        returns (uint256 amount)
    {
        amount = _claim(job, index, account, cumulative, proof);
        if (amount == 0) revert NothingToClaim(job, index, claimed[job][index]);
    }

    /// @inheritdoc IJobVault
    function claimMany(uint256 job, Claim[] calldata claims) external nonReentrant returns (uint256 amount) {
        for (uint256 i; i < claims.length; ++i) {
            Claim calldata one = claims[i];
            amount += _claim(job, one.index, one.account, one.cumulative, one.proof);
        }
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

    /* SPONSOR ONLY */

    /// @inheritdoc IJobVault
    function refund(uint256 job) external nonReentrant returns (uint256 amount) {
        if (msg.sender != REGISTRY.sponsor(job)) revert NotSponsor(job, msg.sender);
        uint256 endsAt = REGISTRY.terms(job).endsAt;
        if (block.timestamp < endsAt) revert JobNotOver(job, endsAt);
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

    /* INTERNAL */

    /// @dev Effects before the transfer, so that a token that calls back finds the claim paid.
    function _claim(uint256 job, uint256 index, address account, uint256 cumulative, SumTree.Node[] calldata proof)
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
        _token(job).safeTransfer(account, amount);
    }

    function _token(uint256 job) private view returns (IERC20) {
        return IERC20(REGISTRY.terms(job).token);
    }
}
