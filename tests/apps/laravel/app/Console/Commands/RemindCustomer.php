<?php

namespace App\Console\Commands;

use App\Repositories\AppointmentRepository;
use Illuminate\Console\Command;
use InvalidArgumentException;

class RemindCustomer extends Command
{
    protected $signature = 'salon:remind {datum} {--email=} {--api-token=}';
    protected $description = 'Erinnert an die Termine eines Tages';

    public function handle(AppointmentRepository $appointments)
    {
        if (!preg_match('/^\d{4}-\d\d-\d\d$/', $this->argument('datum'))) {
            throw new InvalidArgumentException('Kein Datum: ' . $this->argument('datum'));
        }
        $taken = $appointments->takenOn($this->argument('datum'));
        $this->remind($taken, (string) $this->option('email'), (string) $this->option('api-token'));
        $this->info(count($taken) . ' Termine');

        return count($taken) ? 0 : 4;
    }

    private function remind(array $times, string $to, string $apiToken): int
    {
        return count($times) * ($to !== '' && $apiToken !== '' ? 2 : 1);
    }
}
