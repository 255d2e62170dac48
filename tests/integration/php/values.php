<?php
/* One of everything that PHP can pass. The test knows what each call must be recorded as. */
namespace App;

enum Suit: string { case Hearts = 'H'; }
enum Unit { case A; }

class Base
{
    private $x = 'base';
    protected $p = 2;
    public $q;
    private string $secretToken = 'planted-1';
    public int $uninitialised;
}

class Child extends Base
{
    private $x = 'child';
    public readonly int $r;
    public ?Child $self = null;

    public function __construct(#[\SensitiveParameter] private string $phrase, public array $options = [])
    {
        $this->r = 5;
    }

    public function method($a) { return $a; }
    public function closure() { return function () {}; }
    public static function arrow() { return fn() => 1; }
    public function __get($name) { echo "ran __get"; return 1; }
    public function __toString(): string { echo "ran __toString"; return ''; }
    public function __debugInfo() { echo "ran __debugInfo"; return []; }
    public function __serialize(): array { echo "ran __serialize"; return []; }
}

#[\AllowDynamicProperties]
class Dynamic extends Base { public $declared = 1; }

class Access implements \ArrayAccess, \IteratorAggregate, \Countable
{
    private $held = [1];
    public function offsetExists($o): bool { echo 'ran'; return true; }
    public function offsetGet($o): mixed { echo 'ran'; return 1; }
    public function offsetSet($o, $v): void { echo 'ran'; }
    public function offsetUnset($o): void { echo 'ran'; }
    public function getIterator(): \Iterator { echo 'ran'; return new \ArrayIterator([]); }
    public function count(): int { echo 'ran'; return 1; }
}

class Appointment extends \DateTime { public $note = 'x'; }

function show(string $what, ...$values) { return 1; }
function login(string $user, #[\SensitiveParameter] $code, string $apiKey = '', #[\SensitiveParameter] ...$rest) { return 1; }
function named(string $user, $middle = null, ...$rest) { return 1; }
function by_reference(array &$list, &$undefined) { $list[] = 1; }
function result($n) { return ['ok' => true, 'password' => 'planted-2', 'list' => [1, $n]]; }
function reads_too_many($a) { return \func_get_args(); }

$self = [1];
$self['self'] = &$self;
show('array in itself', $self);
$child = new Child('planted-3', ['password' => 'planted-4', 'deep' => ['api_key' => 'planted-5', 'on' => true]]);
$child->self = $child;
show('object in itself', $child);
$one = new \stdClass;
$two = new \stdClass;
$one->two = $two;
$two->one = [$one];
show('each other', $one);
$dynamic = new Dynamic;
$dynamic->x = 'dynamic';
$dynamic->password = 'planted-6';
$dynamic->{'7'} = 8;
show('dynamic', $dynamic);
show('enums', Suit::Hearts, Unit::A);
show('callables', \strlen(...), $child->method(...), Child::arrow(), $child->closure(), fn() => 1, show(...), \Closure::fromCallable([new \DateTime('@0'), 'format']));
$file = \fopen('php://memory', 'r');
show('resource', $file);
\fclose($file);
show('closed', $file);
show('numbers', NAN, INF, -INF, -0.0, PHP_INT_MIN, PHP_INT_MAX, -33, 0.1);
show('strings', '', "\xff\xfe", "a\0b", "Gr\u{fc}\u{df}e", \str_repeat('x', 100000), \str_repeat("\u{e4}", 3000) . "\xff");
show('anonymous', new class { public $v = 1; }, new class extends Base { public $v = 1; });
$holes = \range(0, 100000);
for ($i = 0; $i < 100000; $i++) {
    unset($holes[$i]);
}
show('holes', $holes, \array_filter([1, 0, 2]));
show('keys', ["\xff" => 1, 9 => 2, -5 => 3, '' => 4, '5' => 5, 'a' . \str_repeat('b', 300) => 'planted-7']);
show('large', \range(1, 100), \array_fill_keys(\range('a', 'z'), 1) + \array_fill_keys(\range('A', 'Z'), 2) + \range(100, 130));
show('deep', [[[[[[[1]]]]]]]);
show('internal', new \ArrayObject(['password' => 'planted-8']), new \SplObjectStorage, (fn() => yield 1)(), new \WeakMap, new \DateTimeImmutable('2026-03-04 16:15'), new Access);
$berlin = new \DateTimeZone('Europe/Berlin');
show('dates', new \DateTimeImmutable('2026-03-04 16:15', $berlin), \DateTime::createFromFormat('U.u', '86400.25'), (new Appointment('now', $berlin))->setDate(12026, 7, 1)->setTime(0, 0),
    (new \ReflectionClass(Appointment::class))->newInstanceWithoutConstructor());
if (\class_exists('SensitiveParameterValue')) {
    show('sensitive', new \SensitiveParameterValue('planted-9'));
}
show('texts', ['Authorization: Bearer planted-10', 'Accept: */*'], '{"password":"planted-11","n":1}', 'a=1&token=planted-12&b=2',
    'https://user:planted-13@host/?api_key=planted-14&q=1', '{"body":"{\"secret\":\"planted-15\"}"}');
login('hans', 'planted-16', apiKey: 'planted-17');
login('hans', 'planted-18', 'planted-19', 'planted-20', 'planted-21');
login(code: 'planted-22', user: 'eva', other: 'planted-23');
named('hans', extra: 1, password: 'planted-24');
$list = [1];
by_reference($list, $missing);
$r = result(2);
reads_too_many(1, 2, 'three');
$value = 5;
$reference = &$value;
show('references', $reference, [&$value]);
\call_user_func_array('App\show', ['what' => 'by name', 'token' => 'planted-25', 'n' => 1]);
if (\PHP_VERSION_ID >= 80400) {
    require __DIR__ . '/values84.php';
}
echo 'done';
