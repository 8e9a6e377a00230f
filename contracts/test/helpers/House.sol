// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CommitteeArbiter} from "../../src/CommitteeArbiter.sol";
import {CreditToken} from "../../src/CreditToken.sol";
import {Disputes} from "../../src/Disputes.sol";
import {JobVault} from "../../src/JobVault.sol";
import {Registry} from "../../src/Registry.sol";
import {Reports} from "../../src/Reports.sol";
import {Rounds} from "../../src/Rounds.sol";
import {Stakes} from "../../src/Stakes.sol";
import {SumTree} from "../../src/SumTree.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {AllowList} from "./AllowList.sol";
import {ReferenceTree} from "./ReferenceTree.sol";
import {vm} from "./Vm.sol";

/// @title House
/// @notice The deployed contracts, a committee of three of whom two must sign, and the steps of a settlement.
abstract contract House {
    uint256 internal constant BUDGET = 1_000e18;
    uint64 internal constant WINDOW = 1 days;
    uint64 internal constant LIFE = 30 days;

    address internal constant SPONSOR = address(0x50);
    address internal constant COORDINATOR = address(0xC0);
    address internal constant GUARDIAN = address(0x64);
    address internal constant STRANGER = address(0xBAD);

    CreditToken internal token;
    Registry internal registry;
    Rounds internal rounds;
    JobVault internal vault;
    Reports internal reports;
    Stakes internal stakes;
    Disputes internal disputes;
    CommitteeArbiter internal arbiter;

    /// @dev Keys in the order of their addresses.
    uint256[] internal keys;

    constructor() {
        token = new CreditToken(address(this));
        uint256 nonce = vm.getNonce(address(this));
        stakes = Stakes(vm.computeCreateAddress(address(this), nonce + 1));
        rounds = Rounds(vm.computeCreateAddress(address(this), nonce + 2));
        reports = Reports(vm.computeCreateAddress(address(this), nonce + 4));
        disputes = Disputes(vm.computeCreateAddress(address(this), nonce + 5));
        registry = new Registry(stakes);
        vm.assertEq(address(new Stakes(registry, rounds, disputes)), address(stakes));
        vm.assertEq(address(new Rounds(registry, reports, stakes)), address(rounds));
        vault = new JobVault(registry, reports, GUARDIAN);
        vm.assertEq(address(new Reports(registry, rounds, vault, stakes, disputes)), address(reports));
        vm.assertEq(address(new Disputes(registry, rounds, reports, vault, stakes)), address(disputes));
        arbiter = new CommitteeArbiter(registry, disputes);
        for (uint256 i; i < 3; ++i) {
            _addKey(uint256(keccak256(abi.encode("committee", i))));
        }
    }

    /* TERMS */

    function _terms(uint256 allowed) internal view returns (IRegistry.Terms memory) {
        return IRegistry.Terms({
            coordinator: COORDINATOR,
            token: address(token),
            roundBudget: BUDGET,
            challengeWindow: WINDOW,
            endsAt: uint64(block.timestamp) + LIFE,
            threshold: 2,
            form: IRegistry.Form.Open,
            permutations: 0,
            rules: keccak256("scenario"),
            allowRoot: AllowList.root(AllowList.levels(_members(allowed))),
            committee: _committee(),
            safeguards: _none()
        });
    }

    function _none() internal pure returns (IRegistry.Safeguards memory none) {}

    function _committee() internal view returns (address[] memory committee) {
        committee = new address[](keys.length);
        for (uint256 i; i < keys.length; ++i) {
            committee[i] = vm.addr(keys[i]);
        }
    }

    /// @dev The first `count` accounts that may join any job here.
    function _members(uint256 count) internal pure returns (address[] memory members) {
        members = new address[](count);
        for (uint256 i; i < count; ++i) {
            members[i] = _member(i);
        }
    }

    function _member(uint256 index) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("member", index)))));
    }

    function _amounts(uint128 a, uint128 b, uint128 c) internal pure returns (uint128[] memory amounts) {
        amounts = new uint128[](3);
        (amounts[0], amounts[1], amounts[2]) = (a, b, c);
    }

    /* STEPS */

    function _open(uint256 members) internal returns (uint256 job) {
        return _open(_terms(members));
    }

    function _open(IRegistry.Terms memory terms) internal returns (uint256) {
        vm.prank(SPONSOR);
        return registry.open(terms);
    }

    /// @dev Opens a job that `members` have joined, with registration closed.
    function _start(uint256 members) internal returns (uint256 job) {
        return _start(_terms(members), members);
    }

    function _start(IRegistry.Terms memory terms, uint256 members) internal returns (uint256 job) {
        job = _open(terms);
        bytes32[][] memory list = AllowList.levels(_members(members));
        for (uint256 i; i < members; ++i) {
            vm.prank(_member(i));
            registry.join(job, AllowList.proof(list, i));
        }
        vm.prank(COORDINATOR);
        registry.close(job);
    }

    function _fund(uint256 job, uint256 amount) internal {
        token.mint(SPONSOR, amount);
        vm.startPrank(SPONSOR);
        token.approve(address(vault), amount);
        vault.fund(job, amount);
        vm.stopPrank();
    }

    /// @dev A job of three members with one round's budget, ready for its first report.
    function _ready() internal returns (uint256 job) {
        job = _start(3);
        _fund(job, BUDGET);
    }

    function _post(uint256 job, uint128[] memory amounts) internal {
        IReports.Report memory report = _report(job, amounts);
        reports.postList(report, _members(amounts.length), amounts, _sign(report));
    }

    /// @dev Posts a report, waits out its window, and makes it final.
    function _settle(uint256 job, uint128[] memory amounts) internal {
        _post(job, amounts);
        vm.warp(block.timestamp + WINDOW);
        reports.finalise(job);
    }

    /* REPORTS AND PROOFS */

    /// @dev The valid next report of a job that gives its members these amounts.
    function _report(uint256 job, uint128[] memory amounts) internal view returns (IReports.Report memory) {
        return _report(job, _members(amounts.length), amounts);
    }

    function _report(uint256 job, address[] memory members, uint128[] memory amounts)
        internal
        view
        returns (IReports.Report memory)
    {
        (SumTree.Node memory root,) = ReferenceTree.path(ReferenceTree.leaves(job, members, amounts), 0);
        return IReports.Report({
            job: job,
            round: reports.finalRound(job) + 1,
            attempt: reports.attempt(job),
            prevRoot: vault.root(job),
            root: root.hash,
            total: root.sum,
            updatesRoot: rounds.history(job),
            evidence: keccak256("manifest"),
            permutations: 0,
            tableRoot: 0,
            stepsRoot: 0,
            valuesRoot: 0
        });
    }

    /// @dev Signatures of the first two on the committee, who are enough.
    function _sign(IReports.Report memory report) internal view returns (bytes[] memory signatures) {
        signatures = new bytes[](2);
        signatures[0] = _signature(keys[0], report);
        signatures[1] = _signature(keys[1], report);
    }

    function _signature(uint256 key, IReports.Report memory report) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, reports.hashReport(report));
        return abi.encodePacked(r, s, v);
    }

    function _proof(uint256 job, uint128[] memory amounts, uint256 index)
        internal
        pure
        returns (SumTree.Node[] memory)
    {
        return _proof(job, _members(amounts.length), amounts, index);
    }

    function _proof(uint256 job, address[] memory members, uint128[] memory amounts, uint256 index)
        internal
        pure
        returns (SumTree.Node[] memory proof)
    {
        (, proof) = ReferenceTree.path(ReferenceTree.leaves(job, members, amounts), index);
    }

    /// @dev Keeps `keys` in the order of their addresses.
    function _addKey(uint256 key) internal {
        keys.push(key);
        for (uint256 i = keys.length - 1; i > 0 && vm.addr(keys[i - 1]) > vm.addr(key); --i) {
            (keys[i], keys[i - 1]) = (keys[i - 1], keys[i]);
        }
    }
}
