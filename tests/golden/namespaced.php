<?php
// Namespaces: functions, closures, constants, a fallback to the global function, a class in another namespace.

namespace App\Billing {
    function strlen(string $s): int
    {
        return \strlen($s) * 10;
    }

    final class Invoice
    {
        public static function total(int ...$items): int
        {
            return \array_sum(\array_map(fn (int $n): int => $n + strlen('x'), $items));
        }
    }
}

namespace {
    use App\Billing\Invoice;
    use function App\Billing\strlen as weigh;

    function outside(string $s): int
    {
        return strlen($s) + weigh($s);
    }

    echo outside('abc'), ' ', Invoice::total(1, 2), "\n";
}
