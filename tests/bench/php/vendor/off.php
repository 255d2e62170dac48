<?php
/* Under vendor/: `off` by the rules that the agent has by default. */
function off_two(int $a, string $b): int { return $a; }
function off_fib(int $n): int { return $n < 2 ? $n : off_fib($n - 1) + off_fib($n - 2); }

final class OffPlan
{
    public function eight(array $row): int { return 1; }
}
