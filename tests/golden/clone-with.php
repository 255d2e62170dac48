<?php
// clone with properties calls __clone first; the NoDiscard attribute; closures in constant expressions.
// since: 8.5

final class Point
{
    public function __construct(public readonly int $x, public readonly int $y)
    {
    }

    public function __clone(): void
    {
        echo 'cloned ';
    }

    public function withX(int $x): static
    {
        return clone($this, ['x' => $x]);
    }
}

#[NoDiscard('it is needed')]
function needed(int $n): int
{
    return $n + 1;
}

class Rules
{
    public const CHECK = static function (int $n): bool {
        return $n > 1;
    };
}

$p = (new Point(1, 2))->withX(9);
(void) needed(1);
echo $p->x, $p->y, json_encode((Rules::CHECK)(needed(1))), "\n";
