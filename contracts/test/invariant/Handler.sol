// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SumTree} from "../../src/SumTree.sol";
import {IJobVault} from "../../src/interfaces/IJobVault.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {AllowList} from "../helpers/AllowList.sol";
import {House} from "../helpers/House.sol";
import {HookedToken} from "../helpers/Tokens.sol";
import {bound, vm} from "../helpers/Vm.sol";
import {Sponsor} from "./Sponsor.sol";

/// @title Handler
/// @notice Does anything to two jobs of one token at any time, and keeps its own books.
/// @dev Before every call it predicts from its books (the ghosts) whether the contracts must accept it, and
/// records every prediction that fails: nothing is assumed away, so no broken check hides behind a revert.
/// The committee of the first job is honest; that of the second also takes back what it gave.
contract Handler is House {
    uint256 public constant JOBS = 2;
    uint256 public constant ALLOWED = 6;
    uint256 private constant STEP = BUDGET / ALLOWED;

    struct Ghost {
        uint256 funded;
        uint256 allocated;
        uint256 paid;
        uint256 refunded;
        uint256 committed;
        uint256 finalRound;
        uint256 waiting; // the pending report's total
        uint256 deadline; // 0 while none is pending
        bool closed;
        address[] members;
        uint128[] list; // the final report's amounts
        uint128[] next; // the pending report's
        uint256[ALLOWED] claimed;
        uint256[ALLOWED] owed; // what could not be pushed
    }

    struct Sent {
        IReports.Report report;
        uint128[] amounts;
    }

    HookedToken public immutable HOOKED;
    Sponsor public immutable OWNER;
    uint256 public immutable ENDS_AT;

    uint256 private constant PAUSE = 7 days;

    mapping(uint256 job => Ghost) private _ghost;
    mapping(uint256 job => Sent[]) private _sent;
    uint256 private _pausedAt;
    uint256 private _pausedUntil;

    /// @notice The last prediction that failed; empty if none did.
    string public surprise;

    /// @notice What the vault was given without being asked.
    uint256 public donated;

    /// @notice How often each action was accepted, so that a run can show that it did something.
    mapping(string action => uint256 times) public done;

    constructor() {
        HOOKED = new HookedToken();
        OWNER = new Sponsor(vault, HOOKED);
        ENDS_AT = block.timestamp + LIFE / 2;
        HOOKED.setHook(OWNER);
        IRegistry.Terms memory terms = _terms(ALLOWED);
        terms.token = address(HOOKED);
        terms.endsAt = uint64(ENDS_AT);
        for (uint256 job = 1; job <= JOBS; ++job) {
            OWNER.open(registry, terms);
        }
        // Enough to start with; the fuzzer goes on from here.
        for (uint256 i; i < 3 * JOBS; ++i) {
            join(i, i / JOBS);
            fund(i, BUDGET / 3);
        }
    }

    /* ACTIONS */

    function fund(uint256 job, uint256 amount) public {
        job = _job(job);
        amount = bound(amount, 0, BUDGET);
        HOOKED.mint(address(OWNER), 2 * amount); // enough to do it twice

        bool accepted = OWNER.send(abi.encodeCall(IJobVault.fund, (job, amount)));

        _expect("fund", accepted, amount > 0);
        if (accepted) _ghost[job].funded += amount;
    }

    function join(uint256 job, uint256 member) public {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        member = member % (ALLOWED + 1); // the last is on no list
        bytes32[] memory proof = AllowList.proof(AllowList.levels(_members(ALLOWED)), member % ALLOWED);
        bool expected = !ghost.closed && member < ALLOWED && !_joined(job, _member(member));

        vm.prank(_member(member));
        (bool accepted,) = address(registry).call(abi.encodeCall(IRegistry.join, (job, proof)));

        _expect("join", accepted, expected);
        if (accepted) ghost.members.push(_member(member));
    }

    function close(uint256 job, uint256 caller) external {
        job = _job(job);
        bool coordinator = caller % 4 != 0;

        vm.prank(coordinator ? COORDINATOR : STRANGER);
        (bool accepted,) = address(registry).call(abi.encodeCall(IRegistry.close, (job)));

        _expect("close", accepted, coordinator && !_ghost[job].closed);
        if (accepted) _ghost[job].closed = true;
    }

    function commit(uint256 job, uint256 skipped, bytes32 updatesRoot) external {
        job = _job(job);
        skipped = skipped % 4 == 0 ? 1 : 0;
        uint256 trainingRound = _ghost[job].committed + 1 + skipped;

        vm.prank(COORDINATOR);
        (bool accepted,) = address(rounds).call(abi.encodeCall(rounds.commit, (job, trainingRound, updatesRoot)));

        _expect("commit", accepted, skipped == 0);
        if (accepted) ++_ghost[job].committed;
    }

    function post(uint256 job, uint256 seed) external {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        // The next report makes the one before final, once its window is over.
        bool ripe = ghost.deadline != 0 && block.timestamp >= ghost.deadline;
        uint256 last = ripe ? ghost.waiting : ghost.allocated;
        uint128[] memory amounts = _draw(job, seed, ripe);
        address[] memory members = ghost.members;
        IReports.Report memory report = _report(job, members, amounts);
        if (ripe) (, report.prevRoot,,) = reports.pending(job);
        if (ripe) ++report.round;
        bool expected = ghost.closed && block.timestamp < _end() && block.timestamp >= _pausedUntil
            && (ghost.deadline == 0 || ripe) && report.total >= last && report.total <= last + BUDGET
            && report.total <= ghost.funded;
        bytes[] memory signatures = _sign(report);

        (bool accepted,) =
            address(reports).call(abi.encodeCall(IReports.postList, (report, members, amounts, signatures)));

        _expect("post", accepted, expected);
        if (!accepted) return;
        if (ripe) _final(ghost);
        ghost.next = amounts;
        ghost.waiting = report.total;
        ghost.deadline = block.timestamp + WINDOW;
        _sent[job].push(Sent(report, amounts));
    }

    /// @dev Sends a report that was taken before, with its signatures: it is never taken again.
    function replay(uint256 job, uint256 which) external {
        job = _job(job);
        uint256 count = _sent[job].length;
        if (count == 0) return;
        Sent memory old = _sent[job][count - 1 - which % count];
        bytes[] memory signatures = _sign(old.report); // signing is deterministic

        (bool accepted,) = address(reports)
            .call(abi.encodeCall(IReports.postList, (old.report, _ghost[job].members, old.amounts, signatures)));

        _expect("replay", accepted, false);
    }

    function finalise(uint256 job) external {
        job = _job(job);
        Ghost storage ghost = _ghost[job];

        (bool accepted,) = address(reports).call(abi.encodeCall(IReports.finalise, (job)));

        _expect("finalise", accepted, ghost.deadline != 0 && block.timestamp >= ghost.deadline);
        if (accepted) _final(ghost);
    }

    function claim(uint256 job, uint256 index) external {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        uint128[] memory amounts = ghost.list;
        if (amounts.length == 0) return _claimTooEarly(job, index);
        index = index % amounts.length;
        (uint256 earned, uint256 already) = (amounts[index], ghost.claimed[index]);
        bool expected = earned > already && ghost.paid + earned - already <= ghost.allocated;

        bool accepted = OWNER.send(_claimOf(job, amounts, index));

        _expect("claim", accepted, expected);
        if (!accepted) return;
        ghost.claimed[index] = earned;
        ghost.paid += earned - already;
    }

    function claimMany(uint256 job) external {
        job = _job(job);
        bool accepted = OWNER.send(abi.encodeCall(IJobVault.claimMany, (job, _claims(job))));
        _expect("claimMany", accepted, _ghost[job].paid + _due(job) <= _ghost[job].allocated);
        if (accepted) _paid(job);
    }

    function claimList(uint256 job) external {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        bytes memory call = abi.encodeCall(IJobVault.claimList, (job, ghost.members, ghost.list));
        bool expected = ghost.finalRound != 0 && ghost.paid + _due(job) <= ghost.allocated;

        bool accepted = OWNER.send(call);

        _expect("claimList", accepted, expected);
        if (accepted) _paid(job);
    }

    /// @dev The token hands control to a stranger, who now and then wants more gas than a push gives: then the
    /// member is to be credited, and otherwise to be paid.
    function push(uint256 job) external {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        address[] memory members = ghost.members;
        uint256[] memory held = new uint256[](members.length);
        for (uint256 i; i < members.length; ++i) {
            held[i] = HOOKED.balanceOf(members[i]) + vault.owed(job, members[i]);
        }

        bool accepted = OWNER.send(abi.encodeCall(IJobVault.push, (job, _claims(job))));

        _expect("push", accepted, ghost.paid + _due(job) <= ghost.allocated);
        if (!accepted) return;
        for (uint256 i; i < ghost.list.length; ++i) {
            uint256 due = ghost.list[i] > ghost.claimed[i] ? ghost.list[i] - ghost.claimed[i] : 0;
            uint256 owed = vault.owed(job, members[i]);
            if (HOOKED.balanceOf(members[i]) + owed != held[i] + due) surprise = "pushed to nobody";
            if (owed != ghost.owed[i]) ++done["credit"];
            ghost.owed[i] = owed;
        }
        _paid(job);
    }

    function withdraw(uint256 job, uint256 index) external {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        index = index % ghost.members.length;

        bool accepted = OWNER.send(abi.encodeCall(IJobVault.withdraw, (job, ghost.members[index])));

        _expect("withdraw", accepted, ghost.owed[index] != 0);
        ghost.owed[index] = 0;
    }

    function pause(uint256 caller) external {
        bool guardian = caller % 4 != 0;

        vm.prank(guardian ? GUARDIAN : STRANGER);
        (bool accepted,) = address(vault).call(abi.encodeCall(IJobVault.pause, ()));

        _expect("pause", accepted, guardian && block.timestamp >= _pausedUntil + PAUSE);
        if (accepted) (_pausedAt, _pausedUntil) = (block.timestamp, block.timestamp + PAUSE);
    }

    function resume(uint256 caller) external {
        bool guardian = caller % 4 != 0;

        vm.prank(guardian ? GUARDIAN : STRANGER);
        (bool accepted,) = address(vault).call(abi.encodeCall(IJobVault.resume, ()));

        _expect("resume", accepted, guardian && block.timestamp < _pausedUntil);
        if (accepted) _pausedUntil = block.timestamp;
    }

    /// @dev Money that nobody asked for.
    function donate(uint256 amount) external {
        amount = bound(amount, 0, BUDGET);
        HOOKED.mint(address(vault), amount);
        donated += amount;
    }

    function refund(uint256 job, uint256 caller) external {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        bytes memory call = abi.encodeCall(IJobVault.refund, (job));
        bool sponsor = caller % 4 != 0;
        uint256 left = ghost.funded - ghost.refunded - ghost.allocated;
        bool expected = sponsor && block.timestamp >= _end() && ghost.deadline == 0 && left > 0;

        bool accepted;
        if (sponsor) accepted = OWNER.send(call);
        else (accepted,) = address(vault).call(call);

        _expect("refund", accepted, expected);
        if (accepted) ghost.refunded += left;
    }

    /// @dev Stops at the edge of a window as often as anywhere else, and one second before it.
    function pass(uint256 job, uint256 time) external {
        uint256 deadline = _ghost[_job(job)].deadline;
        if (time % 4 == 0 && deadline > block.timestamp) vm.warp(deadline);
        else if (time % 4 == 1 && deadline > block.timestamp + 1) vm.warp(deadline - 1);
        else if (time % 16 == 2 && block.timestamp < ENDS_AT) vm.warp(ENDS_AT);
        else vm.warp(block.timestamp + bound(time, 1, WINDOW));
    }

    /* BOOKS */

    function ghosts(uint256 job) external view returns (Ghost memory) {
        return _ghost[job];
    }

    function contracts() external view returns (address, address, address) {
        return (address(registry), address(reports), address(vault));
    }

    /* INTERNAL */

    function _expect(string memory action, bool accepted, bool expected) private {
        if (accepted) ++done[action];
        if (accepted != expected) surprise = string.concat(action, accepted ? " was accepted" : " was refused");
    }

    function _final(Ghost storage ghost) private {
        ++ghost.finalRound;
        ghost.list = ghost.next;
        ghost.allocated = ghost.waiting;
        (ghost.waiting, ghost.deadline) = (0, 0);
    }

    function _claims(uint256 job) private view returns (IJobVault.Claim[] memory claims) {
        (uint128[] memory amounts, address[] memory members) = (_ghost[job].list, _ghost[job].members);
        claims = new IJobVault.Claim[](amounts.length);
        for (uint256 i; i < claims.length; ++i) {
            claims[i] = IJobVault.Claim(i, members[i], amounts[i], _proof(job, members, amounts, i));
        }
    }

    /// @dev What all claims together would pay.
    function _due(uint256 job) private view returns (uint256 due) {
        Ghost storage ghost = _ghost[job];
        for (uint256 i; i < ghost.list.length; ++i) {
            if (ghost.list[i] > ghost.claimed[i]) due += ghost.list[i] - ghost.claimed[i];
        }
    }

    function _paid(uint256 job) private {
        Ghost storage ghost = _ghost[job];
        ghost.paid += _due(job);
        for (uint256 i; i < ghost.list.length; ++i) {
            if (ghost.list[i] > ghost.claimed[i]) ghost.claimed[i] = ghost.list[i];
        }
    }

    /// @dev The jobs' end, a week after a pause if that is later.
    function _end() private view returns (uint256) {
        bool late = _pausedAt < ENDS_AT && ENDS_AT < _pausedUntil + PAUSE;
        return late ? _pausedUntil + PAUSE : ENDS_AT;
    }

    function _claimTooEarly(uint256 job, uint256 index) private {
        uint128[] memory amounts = new uint128[](_ghost[job].members.length);
        amounts[0] = uint128(bound(index, 1, BUDGET));
        _expect("claim before any report", OWNER.send(_claimOf(job, amounts, 0)), false);
    }

    function _claimOf(uint256 job, uint128[] memory amounts, uint256 index) private view returns (bytes memory) {
        address[] memory members = _ghost[job].members;
        SumTree.Node[] memory proof = _proof(job, members, amounts, index);
        return abi.encodeCall(IJobVault.claim, (job, index, members[index], amounts[index], proof));
    }

    /// @dev The next amounts: mostly a little more for everyone, now and then too much or nothing at all, and
    /// for the second job now and then less for one.
    function _draw(uint256 job, uint256 seed, bool ripe) private view returns (uint128[] memory amounts) {
        uint128[] memory last = ripe ? _ghost[job].next : _ghost[job].list;
        amounts = new uint128[](_ghost[job].members.length);
        for (uint256 i; i < amounts.length; ++i) {
            uint256 before = i < last.length ? last[i] : 0;
            amounts[i] = uint128(before + uint256(keccak256(abi.encode(seed, i))) % STEP);
        }
        if (seed % 8 == 3) return new uint128[](amounts.length);
        if (seed % 8 == 0) amounts[0] += uint128(BUDGET);
        if (job == 2 && seed % 3 == 1) {
            // Takes everything from the first, and gives it to the last.
            amounts[amounts.length - 1] += amounts[0];
            amounts[0] = 0;
        }
    }

    function _joined(uint256 job, address account) private view returns (bool) {
        address[] memory members = _ghost[job].members;
        for (uint256 i; i < members.length; ++i) {
            if (members[i] == account) return true;
        }
        return false;
    }

    function _job(uint256 seed) private pure returns (uint256) {
        return 1 + seed % JOBS;
    }
}
