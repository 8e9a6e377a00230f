// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../src/interfaces/IDisputes.sol";
import {IJobVault} from "../src/interfaces/IJobVault.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {IRounds} from "../src/interfaces/IRounds.sol";
import {SumTree} from "../src/SumTree.sol";
import {Valuation} from "../src/Valuation.sol";
import {Book} from "./helpers/Book.sol";
import {Guarded} from "./helpers/Guarded.sol";
import {PureHarness} from "./helpers/PureHarness.sol";
import {ReferenceTree} from "./helpers/ReferenceTree.sol";
import {vm} from "./helpers/Vm.sol";

/// @dev What whole transactions cost, calldata included. They are written to snapshots/, which is committed; with
/// FORGE_SNAPSHOT_CHECK=true any other number fails. docs/explanation/settlement.md has the table.
contract SettlementGasTest is Guarded {
    uint256 private constant ROUNDS = 20;
    uint256 private constant CAP = 1 << 24;

    PureHarness private _pure = new PureHarness();

    /// @dev Twice twenty rounds, each of a training root and a report that makes the one before final, and after
    /// each twenty the last is made final and everybody claims. The first claims also pay for fresh storage.
    /// forge-config: default.isolate = true
    function test_AHundredMembersWhoClaimEveryTwentyRoundsCostUnder5000AMemberAndRound() external {
        uint256 job = _jobOf(100);
        (uint256 first, uint256 third) = _twentyRounds(job, 0);
        (uint256 second, uint256 late) = _twentyRounds(job, ROUNDS);

        _note("a round for 100, per member", third / 100);
        _note("round 23 for 100, per member", late / 100);
        _note("20 rounds and a first claim for 100, per member and round", first / (100 * ROUNDS));
        _note("20 more and a second claim, per member and round", second / (100 * ROUNDS));
        vm.assertLe(first / (100 * ROUNDS), 5_000);
        // It does not grow with the round's number, but for a byte more of each amount in calldata.
        vm.assertLe(late, third + 100 * 16);
    }

    /// forge-config: default.isolate = true
    function test_FiveMembersARound() external {
        uint256 job = _jobOf(5);
        _note("a first round for 5, per member", _report(job, 1, 5) / 5);
        _report(job, 2, 5);
        _note("a round for 5, per member", _report(job, 3, 5) / 5);
        _note("finalise", _finalise(job));
        _note("a first claim of 5, per member", _claimList(job, _earned(5, 3)) / 5);
    }

    /// @dev Ten thousand are settled in transactions that each fit a block's cap: one report, and claims by two hundreds.
    /// forge-config: default.isolate = true
    function test_TenThousandMembersAreSettledInTransactionsThatFit() external {
        uint256 job = _jobOf(10_000);
        uint128[] memory amounts = _earned(10_000, 1);
        uint256 used = _report(job, 1, 10_000);
        used += _finalise(job);
        _note("a round for 10,000, per member", used / 10_000);
        vm.assertLe(used / 10_000, 1_500);

        SumTree.Node[][] memory proofs = _manyProofs(job, amounts, 200);
        IJobVault.Claim[] memory claims = new IJobVault.Claim[](200);
        for (uint256 i; i < 200; ++i) {
            claims[i] = IJobVault.Claim(i, _member(i), amounts[i], proofs[i]);
        }
        uint256 claimed = _gasOf(address(vault), abi.encodeCall(IJobVault.claimMany, (job, claims)));
        _note("a first claim of 10,000 by claimMany of 200, per member", claimed / 200);
        vm.assertLe(claimed, CAP);
    }

    /// forge-config: default.isolate = true
    function test_ADrawCostsEachMemberTwoTransactions() external {
        uint256 job = _guardedJob(5);
        _begin(job);
        _commit(job, 0);
        bytes32 commitment = _commitment(job, 1);
        vm.prank(_member(1));
        _note("commitUpdate", _gasOf(address(rounds), abi.encodeCall(IRounds.commitUpdate, (job, commitment))));
        vm.warp(rounds.drawOf(job).commitDeadline);
        _reveal(job, 0);
        bytes memory call = abi.encodeCall(IRounds.reveal, (job, _member(1), DIGEST, _salt(1, 1)));
        _note("reveal", _gasOf(address(rounds), call));
        vm.warp(rounds.drawOf(job).revealDeadline);
        _note("draw", _gasOf(address(rounds), abi.encodeCall(IRounds.draw, (job))));
    }

    /// @dev The library alone, and the whole transaction that proves a false marginal with it.
    /// forge-config: default.isolate = true
    function test_PermutationsAreRebuiltOnChain() external {
        vm.assertLe(_permutation("permutation of 16", 16), 56_000);
        vm.assertLe(_permutation("permutation of 100", 100), 102_000);
        _note("proveMarginal, 16 members in 100 orders", _proveMarginal(16));
        _note("proveMarginal, 100 members in 100 orders", _proveMarginal(100));
    }

    /// forge-config: default.isolate = true
    function test_ExactValuesOfUpToSixteenMembersAreDisputedInTransactionsThatFit() external {
        vm.assertLe(_shapley("exact Shapley value of 5", 5), 58_000);
        vm.assertLe(_shapley("exact Shapley value of 8", 8), 295_000);
        uint8[3] memory counts = [5, 8, 16];
        for (uint256 i; i < counts.length; ++i) {
            (uint256 all, uint256 largest, uint256 length) = _proveShapley(counts[i]);
            string memory name = string.concat("proveShapley, ", vm.toString(uint256(counts[i])), " members");
            _note(name, all);
            vm.assertLe(largest, 10_000_000);
            vm.assertLe(length, 100_000);
            if (counts[i] == 16) _note(string.concat(name, ", the largest transaction"), largest);
            if (counts[i] == 16) _note(string.concat(name, ", its bytes"), length);
        }
    }

    /* STEPS */

    function _twentyRounds(uint256 job, uint256 before) private returns (uint256 gas, uint256 third) {
        for (uint256 round = before + 1; round <= before + ROUNDS; ++round) {
            uint256 used = _report(job, round, 100);
            if (round == before + 3) third = used;
            gas += used;
        }
        gas += _finalise(job);
        gas += _claimList(job, _earned(100, before + ROUNDS));
    }

    /// @dev A training round's root, and a report.
    function _report(uint256 job, uint256 round, uint256 count) private returns (uint256 gas) {
        vm.prank(COORDINATOR);
        gas = _gasOf(address(rounds), abi.encodeCall(IRounds.commit, (job, round, keccak256("updates"))));
        uint128[] memory amounts = _earned(count, round);
        IReports.Report memory report = _report(job, amounts);
        (uint256 pending, bytes32 root,,) = reports.pending(job);
        if (pending != 0) (report.round, report.prevRoot) = (pending + 1, root);
        bytes[] memory signatures = _sign(report);
        uint256 posted =
            _gasOf(address(reports), abi.encodeCall(IReports.postList, (report, _members(count), amounts, signatures)));
        vm.assertLe(posted, CAP);
        vm.warp(block.timestamp + WINDOW);
        return gas + posted;
    }

    function _finalise(uint256 job) private returns (uint256) {
        return _gasOf(address(reports), abi.encodeCall(IReports.finalise, (job)));
    }

    function _claimList(uint256 job, uint128[] memory amounts) private returns (uint256 gas) {
        gas = _gasOf(address(vault), abi.encodeCall(IJobVault.claimList, (job, _members(amounts.length), amounts)));
        vm.assertLe(gas, CAP);
    }

    function _permutation(string memory name, uint256 count) private returns (uint256 gas) {
        gas = _gasOf(address(_pure), abi.encodeCall(PureHarness.order, ("seed", 0, count)));
        _note(name, gas);
    }

    function _shapley(string memory name, uint256 count) private returns (uint256 gas) {
        bytes memory utilities = _utilities(count, 0, 1 << count);
        gas = _gasOf(address(_pure), abi.encodeCall(PureHarness.sum, (Valuation.Span(1, 1, 0, 4, count, 0), utilities)));
        _note(name, gas);
    }

    function _proveMarginal(uint256 count) private returns (uint256) {
        uint256 job = _guardedJob(_valuedTerms(count, 100), count);
        bytes32 seed = _drawSeed(job, 1);
        uint16[][] memory orders = new uint16[][](100);
        for (uint256 p; p < 100; ++p) {
            orders[p] = disputes.orderOf(seed, p, count);
        }
        Book.Pages memory book = Book.drawn(job, 1, count, orders);
        book.marginals[50 * count + 7] += 1;
        IReports.Report memory report = _postValued(job, _even(count), book);
        uint256 place = 50 * (count + 1) + 7;
        return _gasOf(
            address(disputes),
            abi.encodeCall(
                IDisputes.proveMarginal,
                (report, 3, Book.stepAt(book, 50, 7), Book.utilityAt(book, place), Book.utilityAt(book, place + 1))
            )
        );
    }

    /// @dev Sent in as many transactions as it takes: what all of them cost, and the largest, in gas and in bytes.
    function _proveShapley(uint256 count) private returns (uint256 all, uint256 largest, uint256 length) {
        (IReports.Report memory report, bytes32[][] memory levels) = _lie(count);
        uint256 size = 1 << (count < 13 ? count : 13);
        IDisputes.Value memory value;
        (value.value, value.proof) = (1, _path(_valueLeaves(report.job, count), 0));
        for (uint256 first; first < 1 << count; first += size) {
            bytes32[] memory proof = new bytes32[](levels.length - 1 - (count < 13 ? count : 13));
            for (uint256 level; level < proof.length; ++level) {
                uint256 above = count - proof.length + level;
                proof[level] = levels[above][(first >> above) ^ 1];
            }
            IDisputes.Part memory part = IDisputes.Part(4, _utilities(count, first, size), proof);
            bytes memory call = abi.encodeCall(IDisputes.proveShapley, (report, 3, value, part));
            uint256 gas = _gasOf(address(disputes), call);
            all += gas;
            if (gas > largest) largest = gas;
            if (call.length > length) length = call.length;
        }
        (uint256 pending,,,) = reports.pending(report.job);
        vm.assertEq(pending, 0);
    }

    /// @dev A report that values everybody at 1, and all levels of its table's tree.
    function _lie(uint256 count) private returns (IReports.Report memory report, bytes32[][] memory levels) {
        uint256 job = _guardedJob(_valuedTerms(count, 0), count);
        _drawSeed(job, 1);
        report = _report(job, _even(count));
        levels = new bytes32[][](count + 1);
        levels[0] = new bytes32[](1 << count);
        for (uint256 i; i < 1 << count; ++i) {
            levels[0][i] = keccak256(abi.encode(job, 1, i, _utility(i)));
        }
        for (uint256 level = 1; level <= count; ++level) {
            levels[level] = new bytes32[](1 << (count - level));
            for (uint256 i; i < levels[level].length; ++i) {
                levels[level][i] = keccak256(abi.encode(levels[level - 1][2 * i], levels[level - 1][2 * i + 1]));
            }
        }
        report.tableRoot = levels[count][0];
        (report.valuesRoot,) = Book.path(_valueLeaves(job, count), 0);
        reports.postList(report, _members(count), _even(count), _sign(report));
    }

    function _valueLeaves(uint256 job, uint256 count) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            leaves[i] = keccak256(abi.encode(job, 1, i, 1));
        }
    }

    function _path(bytes32[] memory leaves, uint256 index) private pure returns (bytes32[] memory proof) {
        (, proof) = Book.path(leaves, index);
    }

    function _utility(uint256 coalition) private pure returns (int256) {
        return int256(coalition * 7_919_317 % 1_000_003) - 300_000;
    }

    /// @dev Utilities from coalition `first` on, of four bytes each.
    function _utilities(uint256 count, uint256 first, uint256 size) private pure returns (bytes memory) {
        int256[] memory utilities = new int256[](1 << count);
        for (uint256 i; i < size; ++i) {
            utilities[first + i] = _utility(first + i);
        }
        return Book.packed(utilities, 4, first, size);
    }

    /* HELPERS */

    function _jobOf(uint256 members) private returns (uint256 job) {
        IRegistry.Terms memory terms = _terms(members);
        terms.endsAt = uint64(block.timestamp) + 365 days;
        terms.roundBudget = type(uint128).max;
        job = _start(terms, members);
        _fund(job, type(uint128).max);
    }

    /// @dev About 10**20 base units a round, as of a token of 18 decimals.
    function _earned(uint256 members, uint256 round) private pure returns (uint128[] memory amounts) {
        amounts = new uint128[](members);
        for (uint256 i; i < members; ++i) {
            amounts[i] = uint128(round * (uint256(keccak256(abi.encode("amount", i))) % 1e20));
        }
    }

    /// @dev The proofs of the first `count` leaves, level by level.
    function _manyProofs(uint256 job, uint128[] memory amounts, uint256 count)
        private
        pure
        returns (SumTree.Node[][] memory proofs)
    {
        SumTree.Node[] memory nodes = ReferenceTree.leaves(job, _members(amounts.length), amounts);
        proofs = new SumTree.Node[][](count);
        uint256 depth;
        while (1 << depth < nodes.length) ++depth;
        for (uint256 i; i < count; ++i) {
            proofs[i] = new SumTree.Node[](depth);
        }
        for (uint256 level; level < depth; ++level) {
            for (uint256 i; i < count; ++i) {
                uint256 sibling = (i >> level) ^ 1;
                if (sibling < nodes.length) proofs[i][level] = nodes[sibling];
            }
            nodes = ReferenceTree.parents(nodes);
        }
    }

    function _gasOf(address target, bytes memory call) private returns (uint256) {
        (bool done,) = target.call(call);
        vm.assertTrue(done);
        return vm.lastCallGas().gasTotalUsed;
    }

    function _note(string memory name, uint256 gas) private {
        vm.snapshotValue("Settlement", name, gas);
    }
}
