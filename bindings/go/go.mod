module dnc

go 1.19
