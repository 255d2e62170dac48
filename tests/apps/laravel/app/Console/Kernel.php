<?php

namespace App\Console;

use App\Console\Commands\QueueReminders;
use App\Console\Commands\RemindCustomer;
use App\Support\HandleExceptions;
use Illuminate\Console\Scheduling\Schedule;
use Illuminate\Foundation\Bootstrap;
use Illuminate\Foundation\Console\Kernel as ConsoleKernel;

class Kernel extends ConsoleKernel
{
    protected $bootstrappers = [
        Bootstrap\LoadEnvironmentVariables::class,
        Bootstrap\LoadConfiguration::class,
        HandleExceptions::class,
        Bootstrap\RegisterFacades::class,
        Bootstrap\SetRequestForConsole::class,
        Bootstrap\RegisterProviders::class,
        Bootstrap\BootProviders::class,
    ];

    protected $commands = [QueueReminders::class, RemindCustomer::class];

    protected function schedule(Schedule $schedule)
    {
        $schedule->command('salon:remind 2027-03-04')->everyMinute();
    }
}
