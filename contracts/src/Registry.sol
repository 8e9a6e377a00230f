// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {SumTree} from "./SumTree.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IStakes} from "./interfaces/IStakes.sol";

/// @title Registry
/// @notice Who works under which terms, and at which index.
/// @dev Members are not stored as a list: the digest chained over them is enough to check one in calldata.
contract Registry is IRegistry {
    /* IMMUTABLES */

    /// @inheritdoc IRegistry
    IStakes public immutable STAKES;

    /* STORAGE */

    struct Job {
        Terms terms;
        address sponsor;
        bool closed;
        uint64 members;
        bytes32 membersDigest;
        /// @dev Index plus one; zero is nobody.
        mapping(address account => uint256 position) positions;
    }

    uint256 private _jobs;
    mapping(uint256 job => Job) private _job;

    /* CONSTRUCTOR */

    /// @param stakes Where the members' stakes are; it may be deployed after this one.
    constructor(IStakes stakes) {
        STAKES = stakes;
    }

    /* SPONSOR */

    /// @inheritdoc IRegistry
    function open(Terms calldata terms_) external returns (uint256 job) {
        _check(terms_);
        job = ++_jobs;
        _job[job].terms = terms_;
        _job[job].sponsor = msg.sender;
        emit JobOpened(job, msg.sender, terms_);
    }

    /* MEMBERS */

    /// @inheritdoc IRegistry
    function join(uint256 job, bytes32[] calldata proof) external returns (uint256 index) {
        Job storage opened = _opened(job);
        if (opened.closed) revert RegistrationOver(job);
        if (opened.positions[msg.sender] != 0) revert AlreadyJoined(job, msg.sender);
        // Hashed twice, so that no inner node of the list can be passed off as an account.
        bytes32 entry = keccak256(bytes.concat(keccak256(abi.encode(msg.sender))));
        if (!MerkleProof.verifyCalldata(proof, opened.terms.allowRoot, entry)) revert NotAllowed(job, msg.sender);
        if (opened.terms.safeguards.stake != 0 && !STAKES.active(job, msg.sender)) revert NotStaked(job, msg.sender);

        index = opened.members++;
        uint256 most = _mostMembers(opened.terms.form);
        if (index >= most) revert TooManyMembers(job, most);
        opened.positions[msg.sender] = index + 1;
        opened.membersDigest = SumTree.append(opened.membersDigest, msg.sender);
        emit Joined(job, msg.sender, index);
    }

    /* COORDINATOR ONLY */

    /// @inheritdoc IRegistry
    function close(uint256 job) external {
        Job storage opened = _opened(job);
        if (msg.sender != opened.terms.coordinator) revert NotCoordinator(job, msg.sender);
        if (opened.closed) revert RegistrationOver(job);
        if (opened.members == 0) revert NoMembers(job);

        opened.closed = true;
        emit RegistrationClosed(job, opened.members, opened.membersDigest);
    }

    /* VIEWS */

    /// @inheritdoc IRegistry
    function terms(uint256 job) external view returns (Terms memory) {
        return _opened(job).terms;
    }

    /// @inheritdoc IRegistry
    function rules(uint256 job) external view returns (Rules memory) {
        Job storage opened = _opened(job);
        Terms storage given = opened.terms;
        return Rules({
            roundBudget: given.roundBudget,
            challengeWindow: given.challengeWindow,
            endsAt: given.endsAt,
            threshold: given.threshold,
            form: given.form,
            permutations: given.permutations,
            closed: opened.closed,
            draws: given.safeguards.commitWindow != 0,
            staked: given.safeguards.stake != 0,
            membersDigest: opened.membersDigest,
            committee: given.committee
        });
    }

    /// @inheritdoc IRegistry
    function safeguards(uint256 job) external view returns (Safeguards memory) {
        return _opened(job).terms.safeguards;
    }

    /// @inheritdoc IRegistry
    function coordinator(uint256 job) external view returns (address account) {
        account = _job[job].terms.coordinator;
        // Every job has one, so there is no need to look further.
        if (account == address(0)) revert UnknownJob(job);
    }

    /// @inheritdoc IRegistry
    function endsAt(uint256 job) external view returns (uint256) {
        return _opened(job).terms.endsAt;
    }

    /// @inheritdoc IRegistry
    function token(uint256 job) external view returns (IERC20) {
        return IERC20(_opened(job).terms.token);
    }

    /// @inheritdoc IRegistry
    function sponsor(uint256 job) external view returns (address) {
        return _opened(job).sponsor;
    }

    /// @inheritdoc IRegistry
    function memberCount(uint256 job) external view returns (uint256) {
        return _opened(job).members;
    }

    /// @inheritdoc IRegistry
    function indexOf(uint256 job, address account) external view returns (uint256) {
        uint256 position = _opened(job).positions[account];
        if (position == 0) revert NotMember(job, account);
        return position - 1;
    }

    /// @inheritdoc IRegistry
    function membersDigest(uint256 job) external view returns (bytes32) {
        return _opened(job).membersDigest;
    }

    /// @inheritdoc IRegistry
    function closed(uint256 job) external view returns (bool) {
        return _opened(job).closed;
    }

    /* INTERNAL */

    function _opened(uint256 job) private view returns (Job storage opened) {
        opened = _job[job];
        if (opened.sponsor == address(0)) revert UnknownJob(job);
    }

    function _check(Terms calldata terms_) private view {
        if (terms_.coordinator == address(0)) revert NoCoordinator();
        if (terms_.token.code.length == 0) revert NoTokenAt(terms_.token);
        if (terms_.roundBudget == 0 || terms_.roundBudget > type(uint128).max) {
            revert BudgetOutOfRange(terms_.roundBudget);
        }
        // One window at least must fit, or an honest report could not be finalised before the end.
        uint256 earliest = block.timestamp + terms_.challengeWindow;
        if (terms_.endsAt <= earliest) revert EndsTooSoon(terms_.endsAt, earliest);

        _checkCommittee(terms_.committee, terms_.threshold);
        _checkForm(terms_.form, terms_.permutations, terms_.safeguards.commitWindow != 0);
        _checkSafeguards(terms_.safeguards, terms_.challengeWindow);
    }

    function _checkForm(Form form, uint256 permutations, bool draws) private pure {
        if (draws && form == Form.Open) revert FormLeftOpen();
        bool orders = form == Form.Orders;
        if (orders != (permutations != 0) || (orders && !draws)) revert HalfAForm(form, permutations);
    }

    /// @dev More could not be shown a false value: see `IDisputes`.
    function _mostMembers(Form form) private pure returns (uint256) {
        if (form == Form.Exact) return 16;
        return form == Form.Orders ? 256 : type(uint256).max;
    }

    function _checkCommittee(address[] calldata committee, uint256 threshold) private pure {
        uint256 size = committee.length;
        if (size > 256) revert CommitteeTooLarge(size);
        if (threshold == 0 || threshold > size) revert ThresholdOutOfRange(threshold, size);
        address previous;
        for (uint256 i; i < size; ++i) {
            address next = committee[i];
            if (next <= previous) revert CommitteeNotAscending(previous, next);
            previous = next;
        }
    }

    function _checkSafeguards(Safeguards calldata given, uint256 challengeWindow) private pure {
        bool draws = given.commitWindow != 0;
        if (draws != (given.revealWindow != 0)) revert HalfADraw(given.commitWindow, given.revealWindow);
        if (draws && given.stake == 0) revert DrawWithoutStake();
        if (given.slash > given.stake || (given.slash == 0) != (given.stake == 0)) {
            revert SlashOutOfRange(given.slash, given.stake);
        }
        bool arbitrated = given.arbiter != address(0);
        if (arbitrated != (given.bond != 0) || arbitrated != (given.rulingWindow != 0)) {
            revert HalfAnArbiter(given.arbiter, given.bond, given.rulingWindow);
        }
        // Whoever did wrong while its stake was bound can be slashed before it takes the stake.
        uint256 longest = challengeWindow + given.rulingWindow + uint256(given.commitWindow) + given.revealWindow;
        if (given.stake != 0 && given.unbonding <= longest) revert UnbondingTooShort(given.unbonding, longest);
    }
}
