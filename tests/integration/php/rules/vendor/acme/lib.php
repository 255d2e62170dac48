<?php
namespace Acme;

$loaded[] = __FILE__;

function helper(int $n): int
{
    return $n - 1;
}

class Lib
{
    public static function twice(int $n): int
    {
        return 2 * $n;
    }
}
