# Two servers that tell who got through to them: each prints `<port> <bytes> <first bytes>` of a connection, and answers.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

$| = 1;
$SIG{CHLD} = 'IGNORE';
my @listeners = map { IO::Socket::INET->new(LocalPort => $_, Listen => 200, ReuseAddr => 1) or die "$_: $!" } 443, 9443;
print "ready\n";
my $all = IO::Select->new(@listeners);
while (1) {
  for my $listener ($all->can_read) {
    my $peer = $listener->accept or next;
    next if fork;
    alarm 60;
    my $port = $listener->sockport;
    my $count = sysread $peer, my $bytes, 65_536;
    printf "%d %d %s\n", $port, $count // 0, ($bytes // '') =~ s/[^!-~]/_/gr;
    print $peer "reached $port\n" if $count;
    exit;
  }
}
