<?php
// Functions declared by condition, the same names in different places, methods of the same name, redeclared in branches.

if (PHP_VERSION_ID >= 80000) {
    function which(int $n): string
    {
        return "new $n";
    }
} else {
    function which(int $n): string
    {
        return "old $n";
    }
}

class A
{
    public function which(int $n): string
    {
        return which($n) . 'A';
    }
}

class B extends A
{
    public function which(int $n): string
    {
        function inner(int $n): int
        {
            return $n * 2;
        }

        return parent::which(inner($n)) . 'B';
    }
}

echo which(1), ' ', (new A())->which(2), ' ', (new B())->which(3), ' ', inner(5), "\n";
