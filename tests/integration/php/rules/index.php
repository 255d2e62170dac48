<?php
// Functions of each kind that a rule may speak of.
require __DIR__ . '/App.php';
require __DIR__ . '/vendor/acme/lib.php';

function helper(int $n): int
{
    return $n + 1;
}

$salon = new App\Salon();
echo $salon->book('Ada'), App\Support\Str::slug('A B'), App\Support\Str::random('c');
echo (new App\SalonController())->show(7), helper(1), Acme\Lib::twice(2), Acme\helper(3);
echo (fn (int $n): int => $n * 2)(4), strlen(file_get_contents('php://input'));
