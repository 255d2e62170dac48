<?php
// Constructors: promoted, inherited, private behind a factory, one that throws and so has no destructor, new in arguments.

class Account
{
    private static int $made = 0;

    protected function __construct(protected string $owner, private array $log = [])
    {
        if ($owner === '') {
            throw new InvalidArgumentException('nobody');
        }
        self::$made++;
    }

    public static function open(string $owner): static
    {
        return new static($owner);
    }

    public function __destruct()
    {
        echo "closed {$this->owner} ";
    }
}

class Savings extends Account
{
    protected function __construct(string $owner)
    {
        parent::__construct(strtoupper($owner), ['savings']);
    }
}

function keeps(Account $account, int $n): int
{
    return $n + 1;
}

echo keeps(Savings::open('ann'), 1), ' ', keeps(Account::open('bob'), 2), ' ';
try {
    Account::open('');
} catch (InvalidArgumentException $e) {
    echo $e->getMessage(), ' ';
}
try {
    new Account('x');
} catch (Error $e) {
    echo get_class($e), "\n";
}
