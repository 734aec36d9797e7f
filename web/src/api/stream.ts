/** Server-sent events out of a stream of text that may be cut anywhere. */

/** Most characters of an event that is not complete: beyond it the stream is not ours. */
const MOST = 4_000_000;

export class EventReader {
  private rest = "";

  /** The data of the events that are complete with this piece. */
  push(piece: string): string[] {
    this.rest += piece;
    const events: string[] = [];
    for (let end = this.end(); end; end = this.end()) {
      const data = dataOf(this.rest.slice(0, end.at));
      this.rest = this.rest.slice(end.at + end.length);
      if (data !== null) events.push(data);
    }
    if (this.rest.length > MOST) throw new Error("an event is too long");
    return events;
  }

  private end(): { at: number; length: number } | null {
    const found = /\r\n\r\n|\n\n|\r\r/.exec(this.rest);
    return found ? { at: found.index, length: found[0].length } : null;
  }
}

function dataOf(block: string): string | null {
  const lines = block.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:"));
  if (lines.length === 0) return null;
  return lines.map((line) => line.slice(line.startsWith("data: ") ? 6 : 5)).join("\n");
}
