# What code in a guest does at its end of the proxy's socket: many connections at a time, each byte as it likes.
# Moves are lines on stdin; waits are in seconds. A connection that is not there is passed over.
#   connect <id> <host:port>            opens one and asks for a tunnel; waits for nothing
#   hello <id> <count> <hex> [<hex>]    a ClientHello whose server name is the first bytes <count> times, then the second
#   bytes <id> <hex>
#   head <id> <seconds>                 prints `<id> <status>` of the answer to connect, `<id> -` if there was none
#   rest <id> <seconds>                 prints `<id> got <bytes> <text>` of what came after it, until its end or until then
#   ended <id>                          prints `<id> ended` or `<id> open`
#   sleep <seconds>
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use Time::HiRes 'time';

$| = 1;
$SIG{PIPE} = 'IGNORE';
my (%socket, %read);

sub client_hello {
  my ($name) = @_;
  my $entry = pack('C n', 0, length $name) . $name;
  my $list = pack('n', length $entry) . $entry;
  my $extensions = pack('n n', 0, length $list) . $list;
  $extensions .= pack('n n n n n', 10, 6, 4, 29, 23) . pack('n n n n n', 13, 6, 4, 0x0403, 0x0804);
  my $body = pack('n', 0x0303) . 'R' x 32 . "\0" . pack('n n n', 4, 0xc02f, 0xc030) . "\x01\x00";
  my $message = $body . pack('n', length $extensions) . $extensions;
  $message = "\x01" . substr(pack('N', length $message), 1) . $message;
  my $records = '';
  while (length $message) {
    my $part = substr $message, 0, 16_000, '';
    $records .= pack('C n n', 22, 0x0301, length $part) . $part;
  }
  return $records;
}

# Reads until `$enough` says so, the other side ends, or the time is up.
sub gather {
  my ($id, $seconds, $enough) = @_;
  my $until = time + $seconds;
  while (!$enough->($read{$id})) {
    my $left = $until - time;
    last if $left <= 0 || !IO::Select->new($socket{$id})->can_read($left);
    sysread $socket{$id}, $read{$id}, 65_536, length $read{$id} or last;
  }
}

my %moves = (
  ended => sub {
    my ($id) = @_;
    my $over = IO::Select->new($socket{$id})->can_read(0) && !sysread $socket{$id}, $read{$id}, 65_536, length $read{$id};
    print $id, $over ? " ended\n" : " open\n";
  },
  connect => sub {
    my ($id, $target) = @_;
    $socket{$id} = IO::Socket::UNIX->new(Peer => '/proxy/egress.sock') or return;
    $read{$id} = '';
    syswrite $socket{$id}, "CONNECT $target HTTP/1.1\r\n\r\n";
  },
  hello => sub { my ($id, $count, $hex, $last) = @_; syswrite $socket{$id}, client_hello(pack('H*', $hex) x $count . pack('H*', $last // '')) },
  bytes => sub { my ($id, $hex) = @_; syswrite $socket{$id}, pack 'H*', $hex },
  head => sub {
    my ($id, $seconds) = @_;
    gather($id, $seconds, sub { $_[0] =~ /\r\n\r\n/ });
    my $status = $read{$id} =~ s/\AHTTP\/1\.\d (\d{3}).*?\r\n\r\n//s ? $1 : '-';
    print "$id $status\n";
  },
  rest => sub {
    my ($id, $seconds) = @_;
    gather($id, $seconds, sub { 0 });
    print "$id got ", length $read{$id}, ' ', substr($read{$id}, 0, 60) =~ s/[^!-~]/_/gr, "\n";
  },
);

while (my $line = <STDIN>) {
  my ($move, @rest) = split ' ', $line;
  if ($move eq 'sleep') { select undef, undef, undef, $rest[0] }
  elsif ($move eq 'connect' || $socket{ $rest[0] }) { $moves{$move}->(@rest) }
}
