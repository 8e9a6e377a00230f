// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {House} from "./helpers/House.sol";
import {vm} from "./helpers/Vm.sol";

/// @dev What posting a list costs as one whole transaction, calldata included; 'forge test -vv' prints it.
contract ReportsGasTest is House {
    /// @dev The most gas one transaction may use since EIP-7825.
    uint256 private constant TRANSACTION_CAP = 1 << 24;

    event log_named_uint(string what, uint256 gas);

    /// forge-config: default.isolate = true
    function test_PostingForFive() external {
        vm.assertLe(_measure(5), 163_000);
    }

    /// forge-config: default.isolate = true
    function test_PostingForAHundred() external {
        vm.assertLe(_measure(100), 274_000);
    }

    /// forge-config: default.isolate = true
    function test_PostingForAThousand() external {
        vm.assertLe(_measure(1_000), 1_320_000);
    }

    /// forge-config: default.isolate = true
    function test_PostingForTenThousandFitsOneTransaction() external {
        vm.assertLe(_measure(10_000), TRANSACTION_CAP);
    }

    /// @dev The first report of a job, which also pays for all its fresh storage.
    function _measure(uint256 count) private returns (uint256 gas) {
        IRegistry.Terms memory terms = _terms(count);
        terms.roundBudget = type(uint128).max;
        uint256 job = _start(terms, count);
        _fund(job, type(uint128).max);

        uint128[] memory amounts = new uint128[](count);
        for (uint256 i; i < count; ++i) {
            amounts[i] = uint128(uint256(keccak256(abi.encode("amount", i))) % 1e21);
        }
        IReports.Report memory report = _report(job, amounts);
        bytes[] memory signatures = _sign(report);
        bytes memory call = abi.encodeCall(IReports.postList, (report, _members(count), amounts, signatures));
        (bool accepted,) = address(reports).call(call);
        vm.assertTrue(accepted);

        gas = vm.lastCallGas().gasTotalUsed;
        emit log_named_uint("participants", count);
        emit log_named_uint("    gas of postList", gas);
        emit log_named_uint("    a participant", gas / count);
        emit log_named_uint("    least gas since EIP-7623", _floor(call));
        vm.assertLe(_floor(call), TRANSACTION_CAP);
    }

    /// @dev What EIP-7623 (Prague, after these contracts' Cancun) charges for this much calldata at least.
    function _floor(bytes memory call) private pure returns (uint256 gas) {
        gas = 21_000;
        for (uint256 i; i < call.length; ++i) {
            gas += call[i] == 0 ? 10 : 40;
        }
    }
}
