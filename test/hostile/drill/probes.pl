# Tries, one a line: `<name> <what came of it>`. Run in a place that is to be walled in, and in one that is not.
# Nothing here does harm where it succeeds: arguments are wrong on purpose, files are opened and never written.
use strict;
use warnings;
use Errno;
use Fcntl;
use IO::Socket::INET;
use POSIX ();
use Socket;

my ( $arch, @what ) = @ARGV;
$| = 1;

sub said {
    my ( $name, $ok ) = @_;
    my $why = $ok ? 'ok' : ( grep { $!{$_} } keys %! )[0] // 'failed';
    print "$name $why\n";
}

# x86-64 and arm64 numbers (asm/unistd.h). A privileged caller gets another errno than EPERM for the wrong arguments, or succeeds.
my %SYSCALLS = (
    mount             => [ 165, 40,  sub { ( 'none', '/tmp', 'tmpfs', 0, 0 ) } ],
    pivot_root        => [ 155, 41,  sub { ( '/tmp', '/nowhere' ) } ],
    chroot            => [ 161, 51,  sub { ('/') } ],
    unshare_mounts    => [ 272, 97,  sub { (0x20000) } ],
    unshare_users     => [ 272, 97,  sub { (0x10000000) } ],
    setns             => [ 308, 268, sub { ( -1, 0 ) } ],
    bpf               => [ 321, 280, sub { ( 0, 0, 0 ) } ],
    userfaultfd       => [ 323, 282, sub { (0) } ],
    keyctl            => [ 250, 219, sub { ( 0, -3, 0 ) } ],
    add_key           => [ 248, 217, sub { ( 0, 0, 0, 0, 0 ) } ],
    request_key       => [ 249, 218, sub { ( 0, 0, 0, 0 ) } ],
    kexec_load        => [ 246, 104, sub { ( 0, 1000, 0, 0 ) } ],
    init_module       => [ 175, 105, sub { ( 0, 0, 0 ) } ],
    finit_module      => [ 313, 273, sub { ( -1, 0, 0 ) } ],
    delete_module     => [ 176, 106, sub { ( 'bulkhead_none', 2048 ) } ],
    open_by_handle_at => [ 304, 265, sub { ( -100, 0, 0 ) } ],
    perf_event_open   => [ 298, 241, sub { ( 0, 0, -1, -1, 0 ) } ],
    reboot            => [ 169, 142, sub { ( 0, 0, 0, 0 ) } ],
    swapon            => [ 167, 224, sub { ( '/nowhere', 0 ) } ],
    acct              => [ 163, 89,  sub { ('/nowhere') } ],
    settimeofday      => [ 164, 170, sub { ( 1, 0 ) } ],
    sethostname       => [ 170, 161, sub { ( '', -1 ) } ],
    mknod             => [ 259, 33,  sub { ( -100, '/tmp/probe-node', 0060600, 1800 ) } ],
    syslog            => [ 103, 116, sub { ( 10, 0, 0 ) } ],
    fsopen            => [ 430, 430, sub { ( 'tmpfs', 0 ) } ],
    io_uring_setup    => [ 425, 425, sub { ( 1, 0 ) } ],
    setuid            => [ 105, 146, sub { (0) } ],
);

sub syscalls {
    for my $name ( sort keys %SYSCALLS ) {
        my ( $x64, $arm64, $arguments ) = @{ $SYSCALLS{$name} };
        # Another process each time: where it succeeds, the others are not to live in the result.
        my $pid = fork // die;
        if ( !$pid ) {
            my @list = $arguments->();
            $! = 0;
            my $result = syscall $arch eq 'arm64' ? $arm64 : $x64, @list;
            said( $name, $result != -1 );
            POSIX::_exit(0);
        }
        waitpid $pid, 0;
    }
    unlink '/tmp/probe-node';
}

sub openings {
    my ( $flags, @paths ) = @_;
    for my $path (@paths) {
        said( $path, sysopen( my $file, $path, $flags | O_NONBLOCK ) );
    }
}

sub sockets {
    my %kinds = ( raw => [ AF_INET, SOCK_RAW, 1 ], packet => [ 17, SOCK_RAW, 768 ], vsock => [ 40, SOCK_STREAM, 0 ] );
    for my $name ( sort keys %kinds ) {
        said( $name, socket( my $socket, $kinds{$name}[0], $kinds{$name}[1], $kinds{$name}[2] ) );
    }
}

# What answers at <address>:<port> within two seconds: its first line.
sub reach {
    for my $target (@_) {
        my $socket = IO::Socket::INET->new( PeerAddr => $target, Proto => 'tcp', Timeout => 2 );
        if ( !$socket ) { said( $target, 0 ); next }
        local $SIG{ALRM} = sub { die };
        my $line = eval { alarm 2; print {$socket} "GET / HTTP/1.0\r\n\r\n"; my $got = <$socket>; alarm 0; $got };
        print "$target ", defined $line ? "answered: $line" =~ s/\s+$//r : 'connected', "\n";
    }
}

# To which addresses there is a way: the kernel looks for one when a datagram socket gets its peer, and no packet leaves.
sub routes {
    for my $address (@_) {
        socket( my $socket, AF_INET, SOCK_DGRAM, 0 ) or die;
        said( $address, connect( $socket, sockaddr_in( 53, inet_aton($address) ) ) );
    }
}

# Which of the ports of an address take a connection; slirp answers at once.
sub ports {
    my ( $address, $from, $to ) = @_;
    for my $port ( $from .. $to ) {
        socket( my $socket, AF_INET, SOCK_STREAM, 0 ) or die;
        fcntl $socket, F_SETFL, O_NONBLOCK;
        connect $socket, sockaddr_in( $port, inet_aton($address) );
        my $vector = '';
        vec( $vector, fileno $socket, 1 ) = 1;
        my $ready = select undef, my $writable = $vector, undef, 0.5;
        print "$port open\n" if $ready && unpack( 'i', getsockopt( $socket, SOL_SOCKET, SO_ERROR ) ) == 0;
    }
    print "end ok\n";
}

my %PROBES = (
    syscalls => \&syscalls,
    write    => sub { openings( O_WRONLY, @_ ) },
    create   => sub { openings( O_WRONLY | O_CREAT | O_EXCL, @_ ) },
    read     => sub { openings( O_RDONLY, @_ ) },
    sockets  => \&sockets,
    reach    => \&reach,
    ports    => \&ports,
    routes   => \&routes,
);
my $probe = shift @what;
$PROBES{$probe}->(@what);
