<?php
// Objects as arguments and results: their declared properties, and nothing of theirs is run; secrets are not shown.

class Customer
{
    public string $name = 'Anna';
    protected ?string $note = null;
    private string $password = 'hidden';
    public int $unset;
    public static string $shared = 'static';

    public function __get(string $name): mixed
    {
        echo 'never';
        return null;
    }

    public function __toString(): string
    {
        echo 'never';
        return '';
    }
}

class Cart extends ArrayObject
{
    public ?Cart $parent = null;
    public array $items = ['a' => 1];
}

function sees(object $o, string $token = 't0ken'): object
{
    return $o;
}

function login(string $user, #[\SensitiveParameter] string $phrase, array $more): bool
{
    return strlen($phrase) > 3;
}

$cart = new Cart();
$cart->parent = $cart;
sees(new Customer());
echo get_class(sees($cart)), count(sees(new ArrayIterator([1, 2]))), ' ';
echo var_export(login('anna', 'open sesame', ['api_key' => 'k', 'plain' => 'p']), true), ' ';
echo get_class(sees((object) ['a' => 1, 'secret' => 's'])), get_class(sees(fn () => 1)), "\n";
