<?php
/* The kinds of functions and values that the engine keeps differently from version to version; it
 * compiles on every PHP 8, and includes what only later ones know. */

namespace App;

interface Named
{
    public function name(): string;
}

trait Greets
{
    public function greet(string $whom, int ...$times): string
    {
        return "Hallo $whom " . array_sum($times);
    }
}

class Booking implements Named
{
    use Greets;

    public $extra = [1, 2, 3];
    private ?Booking $next = null;

    public function __construct(public int $id, protected string $customer)
    {
    }

    public function name(): string
    {
        return $this->customer;
    }

    public static function of(int $id): static
    {
        return new static($id, "Kunde $id");
    }

    public function __call($name, $arguments)
    {
        return $name . count($arguments);
    }

    public function __destruct()
    {
        gone($this->id);
    }
}

function gone(int $id): void
{
}

function add($a, $b = 2)
{
    return $a + $b;
}

function counted($n)
{
    for ($i = 0; $i < $n; $i++) {
        $got = yield $i => add($i, $i);
    }
    return 'ended';
}

function outer()
{
    return yield from counted(2);
}

function fails($why)
{
    throw new \DomainException($why, 7, new \LogicException('before'));
}

function passes($why)
{
    try {
        fails($why);
    } finally {
        add(20, 1);
    }
}

function by_reference(array &$list, ?\DateTimeInterface $when = null)
{
    $list[] = 'added';
}

function warned()
{
    return strlen(@$undefined . "\xff") + (int) trigger_error('beware', E_USER_WARNING);
}

function deep($n)
{
    return $n ? deep($n - 1) : 0;
}

function hot($n)
{
    $sum = 0;
    for ($i = 0; $i < $n; $i++) {
        $sum += add($i, 1);
    }
    return $sum;
}

set_error_handler(fn($number, $text) => print("error: $text\n"));

$booking = Booking::of(17);
echo $booking->greet('Welt', 1, 2, 3), ' ', $booking->magic(1, 2), ' ', add(b: 5, a: 1), "\n";
$closure = function ($x) use ($booking) {
    return $x . $booking->name();
};
echo $closure('von '), ' ', implode(',', array_map(fn($x) => add($x), [1, 2])), "\n";
foreach (outer() as $key => $value) {
    echo "$key=$value ";
}
try {
    passes('absichtlich');
} catch (\DomainException $e) {
    echo get_class($e), ' ', $e->getMessage(), ' ', $e->getLine(), "\n";
}
$list = ['eins', 'drei' => 3.5, 5 => null];
by_reference($list, new \DateTimeImmutable('2026-03-04 16:15:00 UTC'));
echo json_encode($list), "\n";
warned();
echo deep(2000), ' ', hot(300), "\n";
eval('function evaluated() { return 1; } evaluated();');
if (PHP_VERSION_ID >= 80100) {
    require __DIR__ . '/versions81.php';
}
if (PHP_VERSION_ID >= 80400) {
    require __DIR__ . '/versions84.php';
}
unset($booking, $closure);
echo json_encode(['jit' => function_exists('opcache_get_status') && (opcache_get_status(false)['jit']['on'] ?? false)]), "\n";
