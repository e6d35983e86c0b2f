import { serverFrameHeadBytes, writeServerFrameHead } from '../../../core/framing/server-frame.ts';
import { WHOTALKIE_HEADER_BYTES, writeWhoTalkieFrame } from '../../../core/framing/whotalkie-frame.ts';
import type { ProgramFrame } from '../../../core/program/program-frame.ts';

/** A frame as it goes over the wire to everybody: head of the WebSocket message, header of the frame, packet. */
function framed(frame: ProgramFrame): Buffer {
  const bodyBytes = WHOTALKIE_HEADER_BYTES + frame.payload.length;
  const headBytes = serverFrameHeadBytes(bodyBytes);
  const bytes = Buffer.allocUnsafe(headBytes + bodyBytes);
  writeServerFrameHead(bytes, bodyBytes);
  writeWhoTalkieFrame(bytes, headBytes, frame);
  return bytes;
}

/** Frames of one program in the bytes that all its listeners get: made once, for the newest. */
export class FramedProgram {
  #frame: ProgramFrame | null = null;
  #bytes: Buffer = Buffer.alloc(0);

  bytesOf(frame: ProgramFrame): Buffer {
    if (this.#frame !== frame) {
      this.#frame = frame;
      this.#bytes = framed(frame);
    }
    return this.#bytes;
  }
}
