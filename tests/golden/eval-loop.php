<?php
// Code that comes and goes: eval in a loop gives functions and closures at addresses that were used before.

function runs(string $code, int $n): int
{
    return eval($code);
}

function kept(int $n): int
{
    return $n;
}

for ($i = 0; $i < 5; $i++) {
    $name = "made_$i";
    echo runs("function $name(int \$n): int { return kept(\$n) + $i; } return $name(\$n);", 10), ' ';
    echo runs('return (function (int $x): int { return kept($x); })($n) * ' . $i . ';', 3), ' ';
    $class = eval("return new class($i) { public function __construct(private int \$v) {} public function v$i(): int { return kept(\$this->v); } };");
    echo $class->{"v$i"}(), ' ';
    unset($class);
}
echo "\n";
