// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {Guarded} from "./helpers/Guarded.sol";
import {vm} from "./helpers/Vm.sol";

contract RegistrySafeguardsTest is Guarded {
    function test_AJobIsOpenedUnderExactlyTheseSafeguards() external {
        uint256 job = _open(_guardedTerms(3));

        vm.assertEq(keccak256(abi.encode(registry.safeguards(job))), keccak256(abi.encode(_safeguards())));
        vm.assertEq(registry.coordinator(job), COORDINATOR);
        vm.assertEq(address(registry.token(job)), address(token));
        vm.assertEq(registry.endsAt(job), block.timestamp + LIFE);
    }

    function test_RevertWhen_ThereIsNoSuchJob() external {
        bytes memory reason = abi.encodeWithSelector(IRegistry.UnknownJob.selector, 1);
        vm.expectRevert(reason);
        registry.safeguards(1);
        vm.expectRevert(reason);
        registry.coordinator(1);
        vm.expectRevert(reason);
        registry.token(1);
        vm.expectRevert(reason);
        registry.endsAt(1);
    }

    function test_RevertWhen_OnlyOneOfADrawsWindowsIsGiven() external {
        IRegistry.Safeguards memory given = _safeguards();
        given.revealWindow = 0;
        _refused(given, abi.encodeWithSelector(IRegistry.HalfADraw.selector, COMMIT, 0));
        given = _safeguards();
        given.commitWindow = 0;
        _refused(given, abi.encodeWithSelector(IRegistry.HalfADraw.selector, 0, REVEAL));
    }

    function test_RevertWhen_ADrawHasNothingToLose() external {
        IRegistry.Safeguards memory given = _safeguards();
        (given.stake, given.slash) = (0, 0);
        _refused(given, abi.encodeWithSelector(IRegistry.DrawWithoutStake.selector));
    }

    function test_StakesNeedNoDraw() external {
        IRegistry.Safeguards memory given = _safeguards();
        (given.commitWindow, given.revealWindow) = (0, 0);
        _accepted(given);
    }

    function test_ASlashMayTakeTheWholeStake() external {
        IRegistry.Safeguards memory given = _safeguards();
        given.slash = STAKE;
        _accepted(given);
    }

    function test_RevertWhen_ASlashIsMoreThanTheStake() external {
        IRegistry.Safeguards memory given = _safeguards();
        given.slash = STAKE + 1;
        _refused(given, abi.encodeWithSelector(IRegistry.SlashOutOfRange.selector, STAKE + 1, STAKE));
    }

    function test_RevertWhen_AStakeCannotBeSlashed() external {
        IRegistry.Safeguards memory given = _safeguards();
        given.slash = 0;
        _refused(given, abi.encodeWithSelector(IRegistry.SlashOutOfRange.selector, 0, STAKE));
    }

    function test_RevertWhen_AnArbiterIsHalfGiven() external {
        for (uint256 missing; missing < 3; ++missing) {
            IRegistry.Safeguards memory given = _safeguards();
            if (missing == 0) given.arbiter = address(0);
            if (missing == 1) given.bond = 0;
            if (missing == 2) given.rulingWindow = 0;
            _refused(
                given,
                abi.encodeWithSelector(IRegistry.HalfAnArbiter.selector, given.arbiter, given.bond, given.rulingWindow)
            );
        }
    }

    function test_StakesNeedNoArbiter() external {
        IRegistry.Safeguards memory given = _safeguards();
        (given.arbiter, given.bond, given.rulingWindow) = (address(0), 0, 0);
        _accepted(given);
    }

    function test_RevertWhen_AStakeCouldLeaveBeforeItsLastFaultIsProven() external {
        IRegistry.Safeguards memory given = _safeguards();
        uint32 longest = uint32(WINDOW) + COMMIT + REVEAL + RULING;
        given.unbonding = longest;
        _refused(given, abi.encodeWithSelector(IRegistry.UnbondingTooShort.selector, longest, longest));
        given.unbonding = longest + 1;
        _accepted(given);
    }

    function test_RevertWhen_OrdersAndTheirNumberAreNotBothGiven() external {
        for (uint256 form; form < 4; ++form) {
            IRegistry.Terms memory terms = _guardedTerms(3);
            terms.form = IRegistry.Form(form);
            terms.permutations = form == uint256(IRegistry.Form.Orders) ? 0 : 1;
            if (terms.form == IRegistry.Form.Open) continue;
            _refusedForm(terms, abi.encodeWithSelector(IRegistry.HalfAForm.selector, terms.form, terms.permutations));
        }
    }

    function test_RevertWhen_OrdersAreAskedForWithoutADraw() external {
        IRegistry.Terms memory terms = _valuedTerms(3, 5);
        terms.safeguards = _none();
        _refusedForm(terms, abi.encodeWithSelector(IRegistry.HalfAForm.selector, IRegistry.Form.Orders, 5));
        terms.form = IRegistry.Form.Open;
        _refusedForm(terms, abi.encodeWithSelector(IRegistry.HalfAForm.selector, IRegistry.Form.Open, 5));
    }

    function test_AJobWithoutDrawsMayFixAFormOrLeaveItOpen() external {
        IRegistry.Terms memory terms = _terms(3);
        for (uint256 form; form < 3; ++form) {
            terms.form = IRegistry.Form(form);
            uint256 job = _open(terms);
            vm.assertEq(uint256(registry.terms(job).form), form);
            vm.assertEq(registry.terms(job).rules, keccak256("scenario"));
        }
    }

    function _refusedForm(IRegistry.Terms memory terms, bytes memory reason) private {
        vm.expectRevert(reason);
        registry.open(terms);
    }

    function test_RevertWhen_TheCommitteeHasMoreMembersThanSeats() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.committee = _longCommittee(257);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.CommitteeTooLarge.selector, 257));
        registry.open(terms);
        terms.committee = _longCommittee(256);
        registry.open(terms);
    }

    function _longCommittee(uint256 size) private pure returns (address[] memory committee) {
        committee = new address[](size);
        for (uint256 i; i < size; ++i) {
            committee[i] = address(uint160(i + 1));
        }
    }

    function _accepted(IRegistry.Safeguards memory given) private {
        IRegistry.Terms memory terms = _guardedTerms(3);
        terms.safeguards = given;
        registry.open(terms);
    }

    function _refused(IRegistry.Safeguards memory given, bytes memory reason) private {
        IRegistry.Terms memory terms = _guardedTerms(3);
        terms.safeguards = given;
        vm.expectRevert(reason);
        registry.open(terms);
    }
}
