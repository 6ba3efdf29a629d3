"""Writes data/underground.csv, the London Underground of zone 1 as a graph: python tools/make_underground.py FOLDER

FOLDER holds london.stations.csv, london.connections.csv and london.lines.csv of the public tubemaps data set by
Nicola Greco.

Nodes are the stations where lines cross; an edge says which line and direction leads from one to the next. The paper
shows its graph only in a figure, so the rules are ours:
- without Docklands Light Railway and East London line; Circle, District, Hammersmith & City and Metropolitan line, that
  share their tracks here, are one line, "Circle"; Monument belongs to Bank;
- stations with a zone below 2 and at least two of these lines; a line goes on over stations that are left out, but not
  where it branches there;
- the direction, N, E, S or W, is that of the greater difference in position.
"""

import csv
import math
import sys
from collections import defaultdict
from pathlib import Path

LEFT_OUT = {"Docklands Light Railway", "East London Line"}
SAME_TRACKS = {"Circle Line", "District Line", "Hammersmith & City Line", "Metropolitan Line"}
CALLED = {"Monument": "Bank", "Picadilly Circus": "Piccadilly Circus"}
OUTSIDE = 2
LATITUDE = math.radians(51.5)

HEADER = """\
# The London Underground where lines cross in zone 1: the test of graph_traversal and shortest_path.
# Written by tools/make_underground.py from the public tubemaps data set by Nicola Greco.
source,edge,destination
"""


def rows(folder, name):
    with open(folder / f"london.{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read(folder):
    """{name: station} and {line: {name: names of the next stations}}"""
    lines = {
        line["line"]: "Circle" if line["name"] in SAME_TRACKS else line["name"].removesuffix(" Line")
        for line in rows(folder, "lines")
        if line["name"] not in LEFT_OUT
    }
    listed = rows(folder, "stations")
    names = {station["id"]: CALLED.get(station["name"], station["name"]) for station in listed}
    stations = {names[station["id"]]: station for station in listed if CALLED.get(station["name"]) != "Bank"}
    tracks = defaultdict(lambda: defaultdict(set))
    for connection in rows(folder, "connections"):
        line = lines.get(connection["line"])
        one, other = names[connection["station1"]], names[connection["station2"]]
        if line and one != other:
            tracks[line][one].add(other)
            tracks[line][other].add(one)
    return stations, tracks


def direction(start, end):
    north = float(end["latitude"]) - float(start["latitude"])
    east = (float(end["longitude"]) - float(start["longitude"])) * math.cos(LATITUDE)
    if abs(north) > abs(east):
        return "N" if north > 0 else "S"
    return "E" if east > 0 else "W"


def triples(stations, tracks):
    crossings = {
        name
        for name, station in stations.items()
        if float(station["zone"]) < OUTSIDE and sum(name in line for line in tracks.values()) >= 2
    }
    for line, following in tracks.items():
        for start in crossings & following.keys():
            for end in following[start]:
                last = start
                while end not in crossings and len(following[end]) == 2:
                    last, end = end, next(iter(following[end] - {last}))
                if end in crossings:
                    yield start, f"{line} {direction(stations[start], stations[end])}", end


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = Path(__file__).resolve().parents[1] / "data" / "underground.csv"
    lines = [",".join(triple) + "\n" for triple in sorted(set(triples(*read(Path(sys.argv[1])))))]
    target.write_text(HEADER + "".join(lines), encoding="utf-8")
    print(f"{target}: {len(lines)} edges")


if __name__ == "__main__":
    main()
