// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRounds} from "../../src/interfaces/IRounds.sol";
import {IStakes} from "../../src/interfaces/IStakes.sol";
import {bound, vm} from "../helpers/Vm.sol";
import {GuardBooks} from "./GuardBooks.sol";

/// @title DrawHandler
/// @notice Members who stake, leave, commit, copy, reveal and withhold, at any time.
abstract contract DrawHandler is GuardBooks {
    /* STAKES */

    function put(uint256 job, uint256 who) public {
        (job, who) = (_job(job), who % ACCOUNTS);
        bool expected = !_active(job, who);
        _expect("put", _put(job, who), expected);
    }

    function exit(uint256 job, uint256 who) external {
        (job, who) = (_job(job), who % ACCOUNTS);
        Ghost storage ghost = _ghost[job];
        bool accepted = _call(_account(who), address(stakes), abi.encodeCall(IStakes.exit, (job)));
        _expect("exit", accepted, ghost.stake[who] != 0 && ghost.releasedAt[who] == 0);
        if (accepted) ghost.releasedAt[who] = block.timestamp + UNBONDING;
    }

    function withdraw(uint256 job, uint256 who) external {
        (job, who) = (_job(job), who % ACCOUNTS);
        Ghost storage ghost = _ghost[job];
        bool released = ghost.releasedAt[who] != 0 && block.timestamp >= ghost.releasedAt[who];
        bool accepted = _call(_account(who), address(stakes), abi.encodeCall(IStakes.withdraw, (job)));
        _expect("withdraw", accepted, ghost.stake[who] != 0 && released);
        if (accepted) (ghost.stake[who], ghost.releasedAt[who]) = (0, 0);
    }

    function collect(uint256 job, uint256 who) external {
        (job, who) = (_job(job), who % ACCOUNTS);
        bool accepted = _call(STRANGER, address(stakes), abi.encodeCall(IStakes.collect, (job, _account(who))));
        _expect("collect", accepted, _ghost[job].owed[who] != 0);
        if (accepted) _ghost[job].owed[who] = 0;
    }

    /* DRAWS */

    function begin(uint256 job, uint256 caller) public {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        bool coordinator = caller % 4 != 0;
        bool over = ghost.commitDeadline == 0 || (ghost.committed == 0 && block.timestamp >= ghost.commitDeadline);
        bool accepted =
            _call(coordinator ? COORDINATOR : STRANGER, address(rounds), abi.encodeCall(IRounds.begin, (job)));
        _expect("begin", accepted, coordinator && !_seeded[job] && over);
        if (accepted) _begun(ghost, false);
    }

    /// @dev An evil member commits to what another has committed to.
    function commitUpdate(uint256 job, uint256 who, uint256 evil) public {
        (job, who) = (_job(job), who % COUNT);
        Ghost storage ghost = _ghost[job];
        uint256 other = (who + 1) % COUNT;
        bool copied = evil % 8 == 0 && _mark[job][ghost.draw][other] == Mark.Genuine;
        bytes32 commitment = copied ? rounds.commitmentOf(job, ghost.draw, _member(other)) : _commitment(job, who);
        bool expected = ghost.commitDeadline != 0 && block.timestamp < ghost.commitDeadline
            && _mark[job][ghost.draw][who] == Mark.None && _active(job, who)
            && (!ghost.repeated || _mark[job][ghost.draw - 1][who] == Mark.Revealed);

        bool accepted = _call(_member(who), address(rounds), abi.encodeCall(IRounds.commitUpdate, (job, commitment)));

        _expect("commitUpdate", accepted, expected);
        if (!accepted) return;
        _mark[job][ghost.draw][who] = copied ? Mark.Copied : Mark.Genuine;
        ++ghost.committed;
    }

    function reveal(uint256 job, uint256 who) public {
        (job, who) = (_job(job), who % COUNT);
        Ghost storage ghost = _ghost[job];
        bool now_ = ghost.commitDeadline != 0 && block.timestamp >= ghost.commitDeadline
            && block.timestamp < ghost.revealDeadline;
        bytes memory call = abi.encodeCall(IRounds.reveal, (job, _member(who), DIGEST, _salt(ghost.draw, who)));

        bool accepted = _call(STRANGER, address(rounds), call);

        _expect("reveal", accepted, now_ && _mark[job][ghost.draw][who] == Mark.Genuine);
        if (!accepted) return;
        _mark[job][ghost.draw][who] = Mark.Revealed;
        ++ghost.revealed;
    }

    function expel(uint256 job, uint256 who) public {
        (job, who) = (_job(job), who % COUNT);
        Ghost storage ghost = _ghost[job];
        Mark mark = _mark[job][ghost.draw][who];
        bool over = ghost.commitDeadline != 0 && block.timestamp >= ghost.revealDeadline;
        address[] memory accounts = new address[](1);
        accounts[0] = _member(who);

        bool accepted = _call(STRANGER, address(rounds), abi.encodeCall(IRounds.expel, (job, accounts)));

        bool withheld = mark == Mark.Genuine || mark == Mark.Copied;
        _expect("expel", accepted, over && (withheld || mark == Mark.Expelled));
        if (!accepted || mark == Mark.Expelled) return;
        _mark[job][ghost.draw][who] = Mark.Expelled;
        ++ghost.expelled;
        _slash(job, who, false, 0);
    }

    function draw(uint256 job) public {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        bool over = ghost.commitDeadline != 0 && block.timestamp >= ghost.revealDeadline;
        bool counted = ghost.committed != 0 && ghost.committed == ghost.revealed + ghost.expelled;

        bool accepted = _call(STRANGER, address(rounds), abi.encodeCall(IRounds.draw, (job)));

        _expect("draw", accepted, over && counted);
        if (!accepted) return;
        ghost.commitDeadline = 0;
        if (ghost.expelled == 0) _seeded[job] = true;
        else if (ghost.revealed != 0) _begun(ghost, true);
        if (ghost.expelled != 0) ++done["repeat"];
    }

    function train(uint256 job, bytes32 root) external {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        bool revealing = ghost.commitDeadline != 0 && ghost.committed != 0 && block.timestamp >= ghost.commitDeadline;
        uint256 next = rounds.committed(job) + 1;
        bool accepted = _call(COORDINATOR, address(rounds), abi.encodeCall(IRounds.commit, (job, next, root)));
        _expect("train", accepted, !revealing);
    }

    /// @dev A draw from its beginning to its end, all members honest where they can be.
    function drawWhole(uint256 job) external {
        begin(job, 1);
        for (uint256 i; i < COUNT; ++i) {
            commitUpdate(job, i, 1);
        }
        Ghost storage ghost = _ghost[_job(job)];
        if (ghost.commitDeadline > block.timestamp) vm.warp(ghost.commitDeadline);
        for (uint256 i; i < COUNT; ++i) {
            reveal(job, i);
        }
        if (ghost.commitDeadline != 0 && ghost.revealDeadline > block.timestamp) vm.warp(ghost.revealDeadline);
        for (uint256 i; i < COUNT; ++i) {
            expel(job, i);
        }
        draw(job);
    }

    function _begun(Ghost storage ghost, bool repeated) private {
        ++ghost.draw;
        ghost.commitDeadline = block.timestamp + COMMIT;
        ghost.revealDeadline = ghost.commitDeadline + REVEAL;
        (ghost.committed, ghost.revealed, ghost.expelled, ghost.repeated) = (0, 0, 0, repeated);
    }
}
