<?php
/* Exceptions of every kind; the last one leaves the request. */
namespace App;

\ini_set('zend.exception_ignore_args', '0');
\ini_set('display_errors', '0');

class BookingRejected extends \RuntimeException
{
    public string $slot = '16:15';
    private $apiToken = 'planted-30';
    public array $context = ['password' => 'planted-31', 'salon' => 'Mitte'];
}

class Login
{
    public function check($user, $password, #[\SensitiveParameter] $code)
    {
        throw new BookingRejected("no\xff slot, password=planted-32", 7, new \ErrorException('warned', 1, E_WARNING, '/srv/other.php', 3));
    }

    public static function deep($n)
    {
        return $n ? self::deep($n - 1) : (new self)->check("hans\n", 'planted-33', 'planted-34');
    }
}

function rethrows()
{
    try {
        Login::deep(100);
    } catch (BookingRejected $e) {
        throw $e;
    }
}

try {
    rethrows();
} catch (BookingRejected $e) {
}
try {
    throw new \Exception(\str_repeat('long ', 10000));
} catch (\Exception $e) {
}
$first = new \Exception('first');
$second = new \Exception('second', 0, $first);
(new \ReflectionProperty('Exception', 'previous'))->setValue($first, $second);
try {
    throw $first;
} catch (\Exception $e) {
}
/* Would go round and round when it is shown. */
(new \ReflectionProperty('Exception', 'previous'))->setValue($first, null);
try {
    \intdiv(1, 0);
} catch (\DivisionByZeroError $e) {
}
Login::deep(2);
