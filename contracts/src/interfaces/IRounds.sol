// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {IRegistry} from "./IRegistry.sol";
import {IReports} from "./IReports.sol";
import {IStakes} from "./IStakes.sol";

/// @title IRounds
/// @notice Binds the coordinator to what is trained, and draws each settlement period's seed from its members.
/// @dev "Round" is a settlement period, which covers one or more training rounds. A job without safeguards draws
/// nothing. Otherwise the coordinator begins a draw, each member that wants a say commits, then reveals, and anyone
/// draws. Every window is half-open: [begin, commitDeadline) to commit, [commitDeadline, revealDeadline) to reveal,
/// [revealDeadline, ...) to draw.
///
/// A seed depends on every secret of its draw, so one member that keeps its secret to itself makes it unknowable
/// to all others until they are bound. Whoever commits and does not reveal is slashed, and the draw is repeated
/// among those who did reveal, with fresh secrets: it never has the choice between two seeds it knows. What it
/// buys for its stake is another seed that nobody could foresee, in a draw it has no part in.
interface IRounds {
    /* TYPES */

    /// @notice A draw.
    /// @param number Counts the draws of the job, over all its rounds, from 1.
    /// @param commitDeadline Unix time at which committing ends and revealing begins; 0 if no draw is under way.
    /// @param revealDeadline Unix time at which revealing ends.
    /// @param committed How many committed.
    /// @param revealed How many of them revealed.
    /// @param expelled How many of them were found not to have revealed.
    /// @param trained The last training round whose updates are committed; 0 if none are.
    /// @param repeated Whether only those who revealed in the draw before may commit.
    struct Draw {
        uint32 number;
        uint48 commitDeadline;
        uint48 revealDeadline;
        uint32 committed;
        uint32 revealed;
        uint32 expelled;
        uint24 trained;
        bool repeated;
    }

    /* ERRORS */

    /// @notice Thrown when anyone but the job's coordinator commits updates or begins a draw.
    error NotCoordinator(uint256 job, address caller);

    /// @notice Thrown when a training round is left out, or committed twice.
    error OutOfOrder(uint256 job, uint256 trainingRound, uint256 expected);

    /// @notice Thrown when updates are committed while secrets are revealed: they would choose the seed.
    error DrawUnderWay(uint256 job, uint256 draw);

    /// @notice Thrown when a draw is begun in a job that draws nothing.
    error NothingToDraw(uint256 job);

    /// @notice Thrown when a draw is begun while members may still join.
    error RegistrationOpen(uint256 job);

    /// @notice Thrown when a draw is begun for a round that has its seed.
    error AlreadyDrawn(uint256 job, uint256 round);

    /// @notice Thrown when no draw is under way.
    error NoDraw(uint256 job);

    /// @notice Thrown when somebody commits at or after the deadline.
    error CommitOver(uint256 job, uint256 deadline);

    /// @notice Thrown when somebody commits what no digest could be.
    error NoCommitment(bytes32 commitment);

    /// @notice Thrown when a member commits twice in a draw.
    error AlreadyCommitted(uint256 job, uint256 draw, address account);

    /// @notice Thrown when a member commits that has not the stake it would be slashed of.
    error NotStaked(uint256 job, address account);

    /// @notice Thrown when a draw is repeated, and the member did not reveal in the one before.
    error DidNotReveal(uint256 job, uint256 draw, address account);

    /// @notice Thrown when something is revealed while others may still commit.
    error RevealNotBegun(uint256 job, uint256 begins);

    /// @notice Thrown when something is revealed at or after the deadline.
    error RevealOver(uint256 job, uint256 deadline);

    /// @notice Thrown when what is revealed is not what the account committed to in this draw.
    error WrongReveal(uint256 job, uint256 draw, address account);

    /// @notice Thrown when a draw is ended while members may still reveal.
    error RevealNotOver(uint256 job, uint256 deadline);

    /// @notice Thrown when the account has revealed, or never committed in this draw.
    error NothingWithheld(uint256 job, uint256 draw, address account);

    /// @notice Thrown when a draw is ended before all who did not reveal are expelled.
    error Unaccounted(uint256 job, uint256 draw, uint256 withheld);

    /// @notice Thrown when a draw is ended in which nobody committed. The coordinator may begin another.
    error NobodyCommitted(uint256 job, uint256 draw);

    /* EVENTS */

    /// @notice Emitted once per training round. `history` is the digest after it.
    event UpdatesCommitted(uint256 indexed job, uint256 indexed trainingRound, bytes32 updatesRoot, bytes32 history);

    /// @notice Emitted when a draw begins, be it the first of its round or a repeated one.
    event DrawBegun(
        uint256 indexed job, uint256 indexed round, uint256 draw, uint256 commitDeadline, uint256 revealDeadline
    );

    /// @notice Emitted when a member commits.
    event Committed(uint256 indexed job, uint256 indexed draw, address indexed account, bytes32 commitment);

    /// @notice Emitted when a member reveals.
    event Revealed(
        uint256 indexed job, uint256 indexed draw, address indexed account, bytes32 updateDigest, bytes32 salt
    );

    /// @notice Emitted when a member that did not reveal is slashed for it.
    event Expelled(uint256 indexed job, uint256 indexed draw, address indexed account);

    /// @notice Emitted when a draw ends without a seed, because somebody did not reveal.
    event DrawSpoiled(uint256 indexed job, uint256 indexed draw, uint256 expelled);

    /// @notice Emitted once per round, with its seed and the history that it is about.
    event SeedDrawn(uint256 indexed job, uint256 indexed round, uint256 draw, bytes32 seed, bytes32 history);

    /* VIEWS */

    /// @notice Where jobs, members and windows are looked up.
    function REGISTRY() external view returns (IRegistry);

    /// @notice Where final rounds are looked up.
    function REPORTS() external view returns (IReports);

    /// @notice What those who do not reveal are slashed of.
    function STAKES() external view returns (IStakes);

    /// @notice The last training round committed; 0 if none was.
    function committed(uint256 job) external view returns (uint256);

    /// @notice keccak256(abi.encode(history, trainingRound, updatesRoot)), chained over the rounds from zero.
    function history(uint256 job) external view returns (bytes32);

    /// @notice The job's last draw.
    function drawOf(uint256 job) external view returns (Draw memory);

    /// @notice What the account committed to in a draw; 1 once it is revealed, 2 once the account is expelled.
    function commitmentOf(uint256 job, uint256 draw, address account) external view returns (bytes32);

    /// @notice The last settlement period in which the account kept its secret and was expelled for it; 0 if in none.
    /// It earns nothing in that one: see `IDisputes.proveForfeited`.
    function withheldIn(uint256 job, address account) external view returns (uint256 round);

    /// @notice A round's seed, and the history that it was drawn about; both 0 until it is drawn.
    /// @dev seed = keccak256(abi.encode(job, round, draw, mixed, history)), where `mixed` is the exclusive or of
    /// keccak256(abi.encode(account, updateDigest, salt)) over all who committed. That does not depend on the order
    /// in which they reveal, which the last of them would choose.
    function drawn(uint256 job, uint256 round) external view returns (bytes32 seed, bytes32 history_);

    /// @notice What an account commits to: keccak256(abi.encode(job, round, draw, account, updateDigest, salt)).
    /// @dev The account is inside, so that a copy is worth nothing to whoever copies it; the draw is, so that what
    /// was revealed in a spoiled draw cannot be played again in the next. The salt must be fresh in every draw.
    /// @param updateDigest The digest of what the member hands in for the round.
    /// @param salt 32 random bytes that nobody else knows.
    function hashCommitment(
        uint256 job,
        uint256 round,
        uint256 draw,
        address account,
        bytes32 updateDigest,
        bytes32 salt
    ) external pure returns (bytes32);

    /* COORDINATOR ONLY */

    /// @notice Commits the root of one training round's updates, for good. Coordinator only.
    /// @param trainingRound The round's number: one more than `committed`.
    function commit(uint256 job, uint256 trainingRound, bytes32 updatesRoot) external;

    /// @notice Begins the next round's draw. What it is about is the history at its last commit deadline.
    /// Coordinator only.
    function begin(uint256 job) external;

    /* MEMBERS */

    /// @notice Commits the caller, a member, to its update and its secret; see `hashCommitment`.
    function commitUpdate(uint256 job, bytes32 commitment) external;

    /* ANYONE */

    /// @notice Reveals what an account committed to. Anyone who knows it may send it.
    function reveal(uint256 job, address account, bytes32 updateDigest, bytes32 salt) external;

    /// @notice Slashes accounts that committed and did not reveal in time. Who is expelled already is passed over, so
    /// that nobody spoils the list by expelling one of it first.
    function expel(uint256 job, address[] calldata accounts) external;

    /// @notice Ends the draw: gives the round its seed if all who committed revealed, and otherwise, when all the
    /// others are expelled, repeats it among those who did.
    function draw(uint256 job) external;
}
