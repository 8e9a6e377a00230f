// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IArbiter} from "../../src/interfaces/IArbiter.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {AllowList} from "../helpers/AllowList.sol";
import {Guarded} from "../helpers/Guarded.sol";
import {HookedToken, IHook} from "../helpers/Tokens.sol";
import {vm} from "../helpers/Vm.sol";

/// @title GuardBooks
/// @notice Two guarded jobs of one token, and the books that the handlers of draws and disputes keep of them.
/// @dev In every transfer the token hands control to this contract, which tries to be paid once more.
abstract contract GuardBooks is Guarded, IArbiter, IHook {
    uint256 public constant JOBS = 2;
    uint256 public constant COUNT = 4; // members; the committee of three comes after them, then a challenger
    uint256 public constant ACCOUNTS = 8;

    /// @dev What a member's commitment in a draw has come to.
    enum Mark {
        None,
        Genuine,
        Copied,
        Revealed,
        Expelled
    }

    /// @dev What is wrong with a report.
    enum Lie {
        None,
        Marginal,
        Lowered,
        Utility
    }

    struct Ghost {
        uint256[ACCOUNTS] stake;
        uint256[ACCOUNTS] releasedAt;
        uint256[ACCOUNTS] owed;
        uint256 bonded;
        uint256 burned;
        uint256 draw;
        uint256 commitDeadline;
        uint256 revealDeadline;
        uint256 committed;
        uint256 revealed;
        uint256 expelled;
        bool repeated;
        uint256 finalRound;
        uint256 attempt; // how many reports were cancelled
        uint256 deadline; // of the pending report; 0 while none is
        uint256 open; // challenges of it
        Lie lie;
    }

    /// @dev A report that was signed, and what its signatures are good for.
    struct Signed {
        IReports.Report report;
        uint128[] amounts;
        Lie lie;
        bool used; // posted once
        bool valued; // commits to its period's seed
    }

    struct Challenged {
        uint256 job;
        uint256 report; // which of the job's reports, by count
        uint256 deadline;
        bool open;
        Verdict verdict;
    }

    HookedToken public immutable HOOKED;

    mapping(uint256 job => Ghost) internal _ghost;
    mapping(uint256 job => mapping(uint256 draw => mapping(uint256 member => Mark))) internal _mark;
    mapping(uint256 job => bool) internal _seeded; // whether the next round has its seed
    mapping(uint256 job => uint256) internal _posted; // how many reports there have been
    mapping(uint256 job => IReports.Report) internal _pendingReport;
    mapping(uint256 job => Signed[]) internal _signedReports;
    Challenged[] internal _challenges;

    string public surprise;
    mapping(string action => uint256 times) public done;

    /// @notice How often being paid once more worked. Must stay zero.
    uint256 public reentries;
    bool private _inside;

    constructor() {
        HOOKED = new HookedToken();
        IRegistry.Terms memory terms = _valuedTerms(COUNT, 2);
        terms.token = address(HOOKED);
        terms.endsAt = type(uint64).max;
        terms.roundBudget = type(uint128).max;
        terms.safeguards.arbiter = address(this);
        bytes32[][] memory list = AllowList.levels(_members(COUNT));
        for (uint256 job = 1; job <= JOBS; ++job) {
            _open(terms);
            for (uint256 i; i < ACCOUNTS - 1; ++i) {
                _put(job, i);
                if (i >= COUNT) continue;
                vm.prank(_member(i));
                registry.join(job, AllowList.proof(list, i));
            }
            vm.prank(COORDINATOR);
            registry.close(job);
            HOOKED.mint(address(this), 1e30);
            HOOKED.approve(address(vault), 1e30);
            vault.fund(job, 1e30);
        }
    }

    /// @notice Lets the token hand control over; it cannot while there is no code here yet.
    function listen() external {
        HOOKED.setHook(this);
    }

    function onTransfer() external {
        if (_inside || msg.sender != address(HOOKED)) return;
        _inside = true;
        for (uint256 i; i < ACCOUNTS; ++i) {
            (bool again,) = address(stakes).call(abi.encodeCall(stakes.collect, (1, _account(i))));
            if (again) ++reentries;
        }
        (bool put,) = address(stakes).call(abi.encodeCall(stakes.put, (1)));
        if (put) ++reentries;
        _inside = false;
    }

    /// @inheritdoc IArbiter
    function verdict(uint256 challenge) external view returns (Verdict) {
        return _challenges[challenge - 1].verdict;
    }

    function ghosts(uint256 job) external view returns (Ghost memory) {
        return _ghost[job];
    }

    function account(uint256 index) external view returns (address) {
        return _account(index);
    }

    function contracts() external view returns (address, address, address, address) {
        return (address(stakes), address(rounds), address(reports), address(disputes));
    }

    /* INTERNAL */

    function _expect(string memory action, bool accepted, bool expected) internal {
        if (accepted) ++done[action];
        if (accepted != expected) surprise = string.concat(action, accepted ? " was accepted" : " was refused");
    }

    function _call(address sender, address target, bytes memory call) internal returns (bool accepted) {
        vm.prank(sender);
        (accepted,) = target.call(call);
    }

    function _account(uint256 index) internal view returns (address) {
        if (index < COUNT) return _member(index);
        return index < COUNT + 3 ? vm.addr(keys[index - COUNT]) : address(0xC4A11);
    }

    function _put(uint256 job, uint256 index) internal returns (bool accepted) {
        _allowHooked(_account(index), STAKE);
        accepted = _call(_account(index), address(stakes), abi.encodeCall(stakes.put, (job)));
        if (accepted) (_ghost[job].stake[index], _ghost[job].releasedAt[index]) = (STAKE, 0);
    }

    function _allowHooked(address account_, uint256 amount) internal {
        HOOKED.mint(account_, amount);
        vm.prank(account_);
        HOOKED.approve(address(stakes), amount);
    }

    function _active(uint256 job, uint256 index) internal view returns (bool) {
        return _ghost[job].stake[index] == STAKE && _ghost[job].releasedAt[index] == 0;
    }

    /// @dev Takes the slash of an account, or what is left; half for the winner, if there is one.
    function _slash(uint256 job, uint256 index, bool rewarded, uint256 winner) internal {
        Ghost storage ghost = _ghost[job];
        uint256 taken = ghost.stake[index] < SLASH ? ghost.stake[index] : SLASH;
        ghost.stake[index] -= taken;
        uint256 reward = rewarded ? taken / 2 : 0;
        ghost.owed[winner] += reward;
        ghost.burned += taken - reward;
    }

    function _job(uint256 seed) internal pure returns (uint256) {
        return 1 + seed % JOBS;
    }
}
