<?php

namespace App\Providers;

use App\Services\BookingService;
use App\Support\Schema;
use Illuminate\Support\ServiceProvider;

class AppServiceProvider extends ServiceProvider
{
    public function register()
    {
        $this->app->singleton(BookingService::class, fn () => new BookingService(
            config('services.booking.url'),
            config('services.booking.token'),
            config('services.booking.timeout')
        ));
    }

    public function boot()
    {
        Schema::createOnDemand(config('database.connections.sqlite.database'));
    }
}
