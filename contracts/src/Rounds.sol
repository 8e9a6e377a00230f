// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./interfaces/IRegistry.sol";
import {IReports} from "./interfaces/IReports.sol";
import {IRounds} from "./interfaces/IRounds.sol";
import {IStakes} from "./interfaces/IStakes.sol";

/// @title Rounds
/// @notice The commitments to what was trained, one a training round, and the draw of each settlement period.
contract Rounds is IRounds {
    /* IMMUTABLES */

    /// @dev What a commitment gives way to once it is used; no commitment is as small.
    bytes32 private constant REVEALED = bytes32(uint256(1));
    bytes32 private constant EXPELLED = bytes32(uint256(2));

    /// @inheritdoc IRounds
    IRegistry public immutable REGISTRY;

    /// @inheritdoc IRounds
    IReports public immutable REPORTS;

    /// @inheritdoc IRounds
    IStakes public immutable STAKES;

    /* STORAGE */

    struct Drawn {
        bytes32 seed;
        bytes32 history;
    }

    /// @inheritdoc IRounds
    mapping(uint256 job => bytes32 digest) public history;

    /// @inheritdoc IRounds
    mapping(uint256 job => mapping(uint256 draw => mapping(address account => bytes32))) public commitmentOf;

    /// @inheritdoc IRounds
    mapping(uint256 job => mapping(uint256 round => Drawn)) public drawn;

    /// @inheritdoc IRounds
    mapping(uint256 job => mapping(address account => uint256 round)) public withheldIn;

    mapping(uint256 job => Draw) private _draw;

    /// @dev The exclusive or of what was revealed in the draw under way.
    mapping(uint256 job => bytes32) private _mixed;

    /* CONSTRUCTOR */

    /// @param registry Where jobs, members and windows are looked up.
    /// @param reports Where final rounds are looked up; it may be deployed after this one.
    /// @param stakes What those who do not reveal are slashed of.
    constructor(IRegistry registry, IReports reports, IStakes stakes) {
        REGISTRY = registry;
        REPORTS = reports;
        STAKES = stakes;
    }

    /* COORDINATOR ONLY */

    /// @inheritdoc IRounds
    function commit(uint256 job, uint256 trainingRound, bytes32 updatesRoot) external {
        _onlyCoordinator(job);
        Draw storage draw_ = _draw[job];
        // Whoever sees secrets before it names the updates would choose the seed by naming others.
        if (draw_.committed != 0 && draw_.commitDeadline != 0 && block.timestamp >= draw_.commitDeadline) {
            revert DrawUnderWay(job, draw_.number);
        }
        uint24 expected = draw_.trained + 1;
        if (trainingRound != expected) revert OutOfOrder(job, trainingRound, expected);

        draw_.trained = expected;
        bytes32 digest = keccak256(abi.encode(history[job], trainingRound, updatesRoot));
        history[job] = digest;
        emit UpdatesCommitted(job, trainingRound, updatesRoot, digest);
    }

    /// @inheritdoc IRounds
    function begin(uint256 job) external {
        _onlyCoordinator(job);
        if (REGISTRY.safeguards(job).commitWindow == 0) revert NothingToDraw(job);
        if (!REGISTRY.closed(job)) revert RegistrationOpen(job);
        uint256 round = _round(job);
        if (drawn[job][round].seed != 0) revert AlreadyDrawn(job, round);
        Draw memory last = _draw[job];
        // One in which nobody committed in time cannot end, so another takes its place.
        bool over = last.commitDeadline == 0 || (last.committed == 0 && block.timestamp >= last.commitDeadline);
        if (!over) revert DrawUnderWay(job, last.number);

        _begin(job, round, last.number + 1, false);
    }

    /* MEMBERS */

    /// @inheritdoc IRounds
    function commitUpdate(uint256 job, bytes32 commitment) external {
        Draw storage draw_ = _underWay(job);
        if (block.timestamp >= draw_.commitDeadline) revert CommitOver(job, draw_.commitDeadline);
        if (commitment <= EXPELLED) revert NoCommitment(commitment);
        uint256 number = draw_.number;
        if (commitmentOf[job][number][msg.sender] != 0) revert AlreadyCommitted(job, number, msg.sender);
        REGISTRY.indexOf(job, msg.sender); // reverts for a stranger
        if (!STAKES.active(job, msg.sender)) revert NotStaked(job, msg.sender);
        if (draw_.repeated && commitmentOf[job][number - 1][msg.sender] != REVEALED) {
            revert DidNotReveal(job, number - 1, msg.sender);
        }

        commitmentOf[job][number][msg.sender] = commitment;
        ++draw_.committed;
        emit Committed(job, number, msg.sender, commitment);
    }

    /* ANYONE */

    /// @inheritdoc IRounds
    function reveal(uint256 job, address account, bytes32 updateDigest, bytes32 salt) external {
        Draw storage draw_ = _underWay(job);
        if (block.timestamp < draw_.commitDeadline) revert RevealNotBegun(job, draw_.commitDeadline);
        if (block.timestamp >= draw_.revealDeadline) revert RevealOver(job, draw_.revealDeadline);
        uint256 number = draw_.number;
        bytes32 expected = hashCommitment(job, _round(job), number, account, updateDigest, salt);
        if (commitmentOf[job][number][account] != expected) revert WrongReveal(job, number, account);

        commitmentOf[job][number][account] = REVEALED;
        ++draw_.revealed;
        _mixed[job] ^= keccak256(abi.encode(account, updateDigest, salt));
        emit Revealed(job, number, account, updateDigest, salt);
    }

    /// @inheritdoc IRounds
    function expel(uint256 job, address[] calldata accounts) external {
        Draw storage draw_ = _ended(job);
        (uint256 number, uint256 round) = (draw_.number, _round(job));
        for (uint256 i; i < accounts.length; ++i) {
            address account = accounts[i];
            bytes32 mark = commitmentOf[job][number][account];
            if (mark == EXPELLED) continue;
            if (mark <= REVEALED) revert NothingWithheld(job, number, account);

            commitmentOf[job][number][account] = EXPELLED;
            withheldIn[job][account] = round;
            ++draw_.expelled;
            emit Expelled(job, number, account);
            STAKES.slash(job, account, address(0));
        }
    }

    /// @inheritdoc IRounds
    function draw(uint256 job) external {
        Draw memory ended = _ended(job);
        uint256 number = ended.number;
        uint256 withheld = ended.committed - ended.revealed - ended.expelled;
        if (withheld != 0) revert Unaccounted(job, number, withheld);
        if (ended.committed == 0) revert NobodyCommitted(job, number);

        uint256 round = _round(job);
        delete _draw[job].commitDeadline;
        if (ended.expelled != 0) {
            emit DrawSpoiled(job, number, ended.expelled);
            if (ended.revealed != 0) _begin(job, round, ended.number + 1, true);
            return;
        }
        bytes32 about = history[job];
        bytes32 seed = keccak256(abi.encode(job, round, number, _mixed[job], about));
        drawn[job][round] = Drawn(seed, about);
        emit SeedDrawn(job, round, number, seed, about);
    }

    /* VIEWS */

    /// @inheritdoc IRounds
    function committed(uint256 job) external view returns (uint256) {
        return _draw[job].trained;
    }

    /// @inheritdoc IRounds
    function drawOf(uint256 job) external view returns (Draw memory) {
        return _draw[job];
    }

    /// @inheritdoc IRounds
    function hashCommitment(
        uint256 job,
        uint256 round,
        uint256 draw_,
        address account,
        bytes32 updateDigest,
        bytes32 salt
    ) public pure returns (bytes32) {
        return keccak256(abi.encode(job, round, draw_, account, updateDigest, salt));
    }

    /* INTERNAL */

    function _begin(uint256 job, uint256 round, uint32 number, bool repeated) private {
        IRegistry.Safeguards memory windows = REGISTRY.safeguards(job);
        // Windows are of 32 bits, so neither sum passes 48 before the year 8,900,000.
        uint48 commitDeadline = uint48(block.timestamp) + windows.commitWindow;
        uint48 revealDeadline = commitDeadline + windows.revealWindow;
        _draw[job] = Draw({
            number: number,
            commitDeadline: commitDeadline,
            revealDeadline: revealDeadline,
            committed: 0,
            revealed: 0,
            expelled: 0,
            trained: _draw[job].trained,
            repeated: repeated
        });
        delete _mixed[job];
        emit DrawBegun(job, round, number, commitDeadline, revealDeadline);
    }

    /// @dev The settlement period that is next to be reported.
    function _round(uint256 job) private view returns (uint256) {
        return REPORTS.finalRound(job) + 1;
    }

    function _underWay(uint256 job) private view returns (Draw storage draw_) {
        draw_ = _draw[job];
        if (draw_.commitDeadline == 0) revert NoDraw(job);
    }

    function _ended(uint256 job) private view returns (Draw storage draw_) {
        draw_ = _underWay(job);
        if (block.timestamp < draw_.revealDeadline) revert RevealNotOver(job, draw_.revealDeadline);
    }

    function _onlyCoordinator(uint256 job) private view {
        if (msg.sender != REGISTRY.coordinator(job)) revert NotCoordinator(job, msg.sender);
    }
}
