#!/usr/bin/perl
# Works around a gap in `mkfs.erofs`'s merge of layers (seen in erofs-utils 1.8.6): going from the top layer down, it
# forgets that a layer in the middle hid a folder (by a whiteout, an opaque mark, or a file in its place) when a layer
# above has a folder of that name again; what lies below the hiding layer shows through.
#
#   hidden.pl <folder> <layer.tar>…      base layer first
#
# For each layer (0, 1, …) that hides something in this way it writes <folder>/hidden-<layer>.tar: whiteouts, one by
# one, for what is to stay hidden. Merged right below its layer, that is understood.
use strict;
use warnings;

my ( $folder, @layers ) = @ARGV;
my $MAX_ENTRIES = 20_000_000;
my $MAX_RECORD  = 1 << 20;

# POSIX ustar with GNU and PAX extensions, as Docker writes it (pubs.opengroup.org, pax; GNU tar manual, "Basic Tar Format").
sub numberOf {
    my ($field) = @_;
    if ( ord($field) & 0x80 ) {
        my $value = ord($field) & 0x7f;
        $value = $value * 256 + ord($_) for split //, substr $field, 1;
        return $value;
    }
    return $field =~ /^[ \0]*([0-7]+)/ ? oct $1 : 0;
}

# Calls $each->(path, isFolder, raw header bytes) for each entry. Reads headers only.
sub readTar {
    my ( $file, $each ) = @_;
    open my $tar, '<:raw', $file or die "$file: $!\n";
    my ( $raw, $path, $size, $count ) = ( '', undef, undef, 0 );
    while ( read( $tar, my $block, 512 ) == 512 ) {
        last if $block !~ /[^\0]/;
        die "$file: too many entries\n" if ++$count > $MAX_ENTRIES;
        my $type  = substr $block, 156, 1;
        my $bytes = numberOf( substr $block, 124, 12 );
        $raw .= $block;
        if ( $type =~ /[xgLK]/ ) {
            die "$file: a header of $bytes bytes\n" if $bytes > $MAX_RECORD;
            my $padded = $bytes + ( -$bytes % 512 );
            read( $tar, my $data, $padded ) == $padded or die "$file: cut short\n";
            $raw .= $data;
            $data = substr $data, 0, $bytes;
            if ( $type eq 'L' ) {
                $path = $data =~ s/\0.*//sr;
            }
            elsif ( $type eq 'x' ) {
                while ( $data =~ /\G(\d+) /gc ) {
                    # The shortest record is `5 k=\n`; a forged length would send us back, and round in circles.
                    die "$file: a damaged PAX record\n" if $1 < 5 || $1 - length($1) - 1 > length($data) - pos($data);
                    my $record = substr $data, pos($data), $1 - length($1) - 2;
                    pos($data) += $1 - length($1) - 1;
                    $path = $1 if $record =~ /^path=(.*)/s;
                    $size = $1 if $record =~ /^size=(\d+)$/;
                    last       if pos($data) >= length $data;
                }
            }
            next;
        }
        if ( !defined $path ) {
            $path = unpack 'Z100', $block;
            my $prefix = unpack 'x345 Z155', $block;
            # GNU tar keeps times where ustar has the prefix.
            $path = "$prefix/$path" if $prefix ne '' && substr( $block, 257, 6 ) eq "ustar\0";
        }
        my $folderLike = $type eq '5' || ( $type =~ /[0\0]/ && $path =~ m{/$} );
        my @parts = grep { $_ ne '' && $_ ne '.' } split m{/}, $path;
        $each->( join( '/', @parts ), $folderLike, $raw ) if @parts && !grep { $_ eq '..' } @parts;
        $bytes = $size if defined $size;
        $bytes = 0     if $type =~ /[1-6]/;
        seek $tar, $bytes + ( -$bytes % 512 ), 1 or die "$file: $!\n";
        ( $raw, $path, $size ) = ( '', undef, undef );
    }
    close $tar;
}

# Each layer: its folders with their headers, its other entries, and what it hides.
my %topmost;    # path => the highest layer in which it is a folder
my @content;
for my $n ( 0 .. $#layers ) {
    my $layer = { folders => {}, others => [], opaque => [], gone => [] };
    my $parents = sub {
        my ($path) = @_;
        while ( $path =~ s{/[^/]*$}{} ) {
            last if ( $topmost{$path} // -1 ) == $n;
            $topmost{$path} = $n;
            $layer->{folders}{$path} //= '';
        }
    };
    readTar(
        $layers[$n],
        sub {
            my ( $path, $isFolder, $raw ) = @_;
            my ( $in, $name ) = $path =~ m{^(?:(.*)/)?([^/]*)$}s;
            $in //= '';
            if ( $name eq '.wh..wh..opq' ) { push @{ $layer->{opaque} }, $in; $parents->($path); return }
            if ( $name =~ s/^\.wh\.//s && $name !~ /^\.wh\./ ) {
                push @{ $layer->{gone} }, $in eq '' ? $name : "$in/$name";
                $parents->($path);
                return;
            }
            $parents->($path);
            if ($isFolder) {
                $topmost{$path} = $n;
                $layer->{folders}{$path} = $raw;
            }
            else {
                push @{ $layer->{others} }, $path;
            }
        }
    );
    push @content, $layer;
}

# What shows so far: nested { header, kids }; kids is undef for all that is no folder.
my $root = { header => '', kids => {} };

sub find {
    my ($path) = @_;
    my $node = $root;
    for my $part ( split m{/}, $path ) {
        $node = $node->{kids} && $node->{kids}{$part} or return;
    }
    return $node;
}

sub put {
    my ( $path, $kids, $header ) = @_;
    my @parts = split m{/}, $path;
    my $last  = pop @parts;
    my $node  = $root;
    for my $part (@parts) {
        my $next = $node->{kids}{$part};
        $next = $node->{kids}{$part} = { header => '', kids => {} } if !$next || !$next->{kids};
        $node = $next;
    }
    my $there = $node->{kids}{$last};
    if ( $kids && $there && $there->{kids} ) {
        $there->{header} = $header if $header ne '';
    }
    else {
        $node->{kids}{$last} = { header => $header, kids => $kids };
    }
}

sub header {
    my ( $name, $type, $bytes ) = @_;
    my $block = pack 'a100 a8 a8 a8 a12 a12 A8 a1 a100 a6 a2 x247', $name, '0000644', '0000000', '0000000',
      sprintf( '%011o', $bytes ), '00000000000', '', $type, '', "ustar\0", '00';
    substr( $block, 148, 8 ) = sprintf "%06o\0 ", unpack '%32C*', $block;
    return $block;
}

sub whiteout {
    my ($path) = @_;
    my $name = $path =~ s{([^/]*)$}{.wh.$1}sr;
    return header( $name, '0', 0 ) if length $name <= 100;
    my $record = " path=$name\n";
    my $length = length $record;
    $length = length($record) + length $length for 1 .. 3;
    $record = $length . $record;
    return header( 'pax', 'x', length $record ) . $record . "\0" x ( -length($record) % 512 ) . header( 'long', '0', 0 );
}

# Whiteouts for all below a folder. Where a layer from $n up has a folder in the same place, its content is meant.
sub hide {
    my ( $path, $node, $n ) = @_;
    my $out = $node->{header};
    for my $name ( sort keys %{ $node->{kids} } ) {
        my ( $kid, $below ) = ( $node->{kids}{$name}, "$path/$name" );
        $out .= $kid->{kids} && ( $topmost{$below} // -1 ) >= $n ? hide( $below, $kid, $n ) : whiteout($below);
    }
    return $out;
}

for my $n ( 0 .. $#content ) {
    my $layer  = $content[$n];
    my @behind = ( @{ $layer->{opaque} }, @{ $layer->{gone} }, grep { defined $topmost{$_} } @{ $layer->{others} } );
    my ( $out, %done ) = ('');
    for my $path ( sort @behind ) {
        next if $path eq '' || ( $topmost{$path} // -1 ) <= $n || $done{$path}++;
        my $node = find($path);
        next if !$node || !$node->{kids} || !%{ $node->{kids} };
        my $above = $path;
        my $way   = '';
        while ( $above =~ s{/[^/]*$}{} ) {
            my $parent = find($above);
            $way = $parent->{header} . $way if !$done{"way $above"}++;
        }
        $out .= $way . hide( $path, $node, $n );
    }
    if ( $out ne '' ) {
        open my $tar, '>:raw', "$folder/hidden-$n.tar" or die "$folder: $!\n";
        print {$tar} $out, "\0" x 1024 or die "$folder: $!\n";
        close $tar or die "$folder: $!\n";
    }
    for my $path ( @{ $layer->{gone} } ) {
        my ( $in, $name ) = $path =~ m{^(?:(.*)/)?([^/]*)$}s;
        my $parent = defined $in ? find($in) : $root;
        delete $parent->{kids}{$name} if $parent && $parent->{kids};
    }
    for my $path ( @{ $layer->{opaque} } ) {
        my $node = $path eq '' ? $root : find($path);
        $node->{kids} = {} if $node && $node->{kids};
    }
    put( $_, {}, $layer->{folders}{$_} ) for sort keys %{ $layer->{folders} };
    put( $_, undef, '' ) for @{ $layer->{others} };
}
